package ingest

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// task is a photograph whose content has to be looked at.
type task struct {
	photo
	known bool // the ledger has an outcome for the path
	entry face.LedgerEntry
}

// plan compares what is found with what the ledger remembers. It is used by
// one goroutine.
type plan struct {
	entries map[string]face.LedgerEntry // those not found yet
	cfg     Config
}

// settled says whether a photograph needs no look at its content; if it does,
// the task says what is known of it.
func (p *plan) settled(found photo) (task, bool) {
	entry, known := p.entries[found.path]
	delete(p.entries, found.path)
	t := task{photo: found, known: known, entry: entry}
	untouched := entry.Image.Size == found.size && ledgerTime(entry.Image.ModTime).Equal(found.modTime)
	return t, known && untouched && stands(entry, p.cfg)
}

// stands says whether an outcome would be the same again for the same
// content: another detector may find a face where the last one did not, and
// other gates may let one pass.
func stands(entry face.LedgerEntry, cfg Config) bool {
	return entry.Rejected == "" || entry.Detector == cfg.triedWith(entry.Rejected)
}

// seen takes note of a path that is there, though it cannot be used.
func (p *plan) seen(path string) { delete(p.entries, path) }

// missing returns, sorted, the paths that were not found, without those that
// may only be out of sight, at or below a blind path.
func (p *plan) missing(blind map[string]bool) []string {
	var paths []string
	for path := range maps.Keys(p.entries) {
		if !outOfSight(path, blind) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
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
