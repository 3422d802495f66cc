package ingest

import (
	"context"
	"crypto/sha256"
	"path/filepath"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

const (
	// chunkSize is how many photographs the ledger is asked about at once.
	chunkSize = 1000
	// maxHeld is how many bytes of content such a chunk may hold before it is
	// full, where photographs come with theirs.
	maxHeld = 32 << 20
)

// task is a photograph whose content has to be looked at.
type task struct {
	photo
	past []past // in each space of the run
}

// past is what the ledger has of a path in one space.
type past struct {
	known bool // the ledger has an outcome for the path
	entry face.LedgerEntry
}

// plan compares what is found with what the ledger remembers. It holds neither
// the one nor the other: of each path that was seen it keeps half of its
// SHA-256, some 30 bytes with the overhead of the set, and that of another path
// is the same by chance once in 2^64 paths.
type plan struct {
	cfg      Config
	each     []Config // of the spaces
	ledger   Ledger
	sieve    sieve
	seen     map[pathSum]struct{} // written by the walk, read after it
	answered bool                 // the ledger has, at least once
}

// pathSum is the first half of a path's SHA-256.
type pathSum [sha256.Size / 2]byte

func newPlan(cfg Config, l Ledger) *plan {
	return &plan{cfg: cfg, each: cfg.each(), ledger: l, seen: map[pathSum]struct{}{}}
}

// see takes note of a path that is there, whether or not it can be used.
func (p *plan) see(path string) { p.seen[sumOf(path)] = struct{}{} }

func (p *plan) saw(path string) bool {
	_, seen := p.seen[sumOf(path)]
	return seen
}

func sumOf(path string) pathSum {
	sum := sha256.Sum256([]byte(path))
	return pathSum(sum[:])
}

// tasks asks the ledger about a chunk of photographs. The first answer of a run
// is not waited for: there is nothing to lose yet.
func (p *plan) tasks(ctx context.Context, chunk []photo) ([]task, error) {
	paths := make([]string, len(chunk))
	for i, found := range chunk {
		paths[i] = found.path
	}
	tasks := make([]task, len(chunk))
	for _, in := range p.each {
		var entries map[string]face.LedgerEntry
		err := p.ask(ctx, func() (err error) {
			entries, err = p.ledger.Known(ctx, in.Gallery, in.Space, paths)
			return err
		})
		if err != nil {
			return nil, err
		}
		for i, found := range chunk {
			entry, known := entries[found.path]
			tasks[i].photo, tasks[i].past = found, append(tasks[i].past, past{known, entry})
		}
	}
	return tasks, nil
}

func (p *plan) ask(ctx context.Context, question func() error) error {
	if p.answered {
		return p.cfg.retry(ctx, question)
	}
	err := question()
	p.answered = err == nil
	return err
}

// unchanged are the outcomes of a photograph that needs no look at its content;
// nil where one space has to have one.
func (p *plan) unchanged(t task) []outcome {
	outcomes := make([]outcome, len(t.past))
	for i, past := range t.past {
		if !past.settled(t.photo, p.each[i]) {
			return nil
		}
		outcomes[i] = outcome{space: i, verdict: unchanged, enrolment: face.Enrolment{Image: past.entry.Image}}
	}
	return outcomes
}

// settled says whether the outcome would be the same again, by all that a look at
// the file's content would not tell.
func (p past) settled(found photo, cfg Config) bool {
	untouched := p.entry.Image.Size == found.size && ledgerTime(p.entry.Image.ModTime).Equal(found.modTime)
	return p.known && untouched && stands(p.entry, cfg)
}

// stands says whether an outcome would be the same again for the same
// content: another detector may find a face where the last one did not, and
// other gates may let one pass.
func stands(entry face.LedgerEntry, cfg Config) bool {
	return entry.Rejected == "" || entry.Detector == cfg.triedWith(entry.Rejected)
}

// vanished returns, sorted, the paths of the ledger, in any of the spaces, that
// the walk did not see,
// without those that may only be out of sight, at or below a blind path, those
// that the sieve holds back, and those that another run enrolled after the walk
// went by.
func (p *plan) vanished(ctx context.Context, from source, blind map[string]bool) ([]string, error) {
	var all []string
	for _, in := range p.each {
		var gone []string
		err := p.ask(ctx, func() error {
			gone = nil
			return p.ledger.Below(ctx, in.Gallery, in.Space, in.Root, func(path string) {
				if !p.saw(path) && p.meant(path) && !outOfSight(path, blind) && !from.holds(path) {
					gone = append(gone, path)
				}
			})
		})
		if err != nil {
			return nil, err
		}
		all = append(all, gone...)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (p *plan) meant(path string) bool {
	listed, err := filepath.Rel(p.cfg.Root, path)
	return err == nil && p.sieve.passes(listed)
}

func outOfSight(path string, blind map[string]bool) bool {
	for len(blind) > 0 {
		if blind[path] {
			return true
		}
		parent := filepath.Dir(path)
		if parent == path {
			break
		}
		path = parent
	}
	return false
}
