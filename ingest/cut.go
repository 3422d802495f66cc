package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Cutting says what Cut found.
//
// Always Files = Left + Unchanged + the sum of Rejected.
type Cutting struct {
	Gallery string `json:"gallery"`
	Space   string `json:"space"`
	Root    string `json:"root"`
	// Files counts the files that were found, without the hidden ones.
	Files int `json:"files"`
	// Left counts the files of the pieces: those of which the ledger has not an
	// outcome already.
	Left int `json:"left"`
	// Unchanged counts the files that the ledger has settled, in all spaces.
	Unchanged int `json:"unchanged"`
	// Hidden and Excluded count what was skipped, as in Report.
	Hidden   int `json:"hidden"`
	Excluded int `json:"excluded"`
	// Rejected counts what cannot be a photograph, such as a FIFO, by reason. What
	// is wrong with contents is found when the pieces are run.
	Rejected map[face.Code]int `json:"rejected"`
	// Rejections lists the files that Rejected counts, in the order of the walk.
	Rejections []Rejection `json:"rejections,omitempty"`
	// Folders lists the folders that were not read.
	Folders []Rejection `json:"skipped_folders,omitempty"`
}

// askAtOnce is of how many photographs Cut asks the ledger at once: whole pieces.
const askAtOnce = 16 * PieceSize

// Cut lists a source as Run would and hands out, in pieces, the files that the
// ledger has not settled. Boundaries between pieces go by what there is, not by
// what is left to do: as long as nothing changes, a file is always in a piece with
// the same others, or some of them. An archive with anything left to do is one
// piece without files; of it, Files counts no more than was looked at until then.
//
// It returns the errors of Run, and what take returned.
func Cut(ctx context.Context, cfg Config, l Ledger, take func(Piece) error) (Cutting, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return Cutting{}, err
	}
	chosen, err := newSieve(cfg.Include, cfg.Exclude)
	if err != nil {
		return Cutting{}, err
	}
	from, err := openSource(cfg, chosen)
	if err != nil {
		return Cutting{}, err
	}
	defer from.close() // nothing was written
	cfg.Root = from.base()
	c := &cutter{
		plan: newPlan(cfg, l), take: take, root: cfg.Root,
		cutting: Cutting{Gallery: cfg.Gallery, Space: cfg.Space.Name(), Root: face.Readable(cfg.Root), Rejected: map[face.Code]int{}},
	}
	c.archive, _ = from.(*archive)
	err = c.cut(ctx, from)
	if err != nil && ctx.Err() != nil {
		err = cancelled(ctx.Err(), err)
	}
	return c.cutting, err
}

// cutter is a Cut at work.
type cutter struct {
	plan    *plan
	take    func(Piece) error
	root    string
	archive *archive // nil for a folder
	cutting Cutting
	chunk   []photo
	failed  error // ends the walk
}

// errWhole says that an archive is a piece: there is no need to read on.
var errWhole = errors.New("the archive has something to do")

func (c *cutter) cut(ctx context.Context, from source) error {
	walking, stop := context.WithCancel(ctx)
	defer stop()
	hand := func() {
		if c.failed == nil {
			c.failed = c.hand(ctx)
		}
		if c.failed != nil {
			stop()
		}
		c.chunk = c.chunk[:0]
	}
	list := from.lister(
		func(found photo) {
			found.held = nil // that is for who runs the piece
			c.cutting.Files++
			if c.chunk = append(c.chunk, found); len(c.chunk) == askAtOnce {
				hand()
			}
		},
		func(path string, why *face.Error) {
			c.cutting.Files++
			c.cutting.Rejected[why.Code]++
			c.cutting.Rejections = append(c.cutting.Rejections, Rejection{Kind: File, Path: face.Readable(path), Reason: why.Code, Message: messageOf(why)})
		})
	walked := list.walk(walking)
	if walked == nil {
		hand()
	}
	saw := list.sum()
	c.cutting.Hidden, c.cutting.Excluded, c.cutting.Folders = saw.hidden, saw.excluded, saw.skipped
	switch {
	case errors.Is(c.failed, errWhole):
		return nil
	case c.failed != nil:
		return c.failed
	default:
		return walked
	}
}

// hand asks the ledger about what was found and hands on what is left to do.
func (c *cutter) hand(ctx context.Context) error {
	planned, err := c.plan.tasks(ctx, c.chunk)
	if err != nil {
		return err
	}
	for len(planned) > 0 {
		n := min(len(planned), PieceSize)
		if err := c.piece(planned[:n]); err != nil {
			return err
		}
		planned = planned[n:]
	}
	return nil
}

// piece hands on what is left to do of some files that were found in a row.
func (c *cutter) piece(of []task) error {
	var files []Listed
	states := sha256.New()
	for _, t := range of {
		if c.plan.unchanged(t) != nil {
			c.cutting.Unchanged++
			continue
		}
		c.cutting.Left++
		files = append(files, Listed{Path: strings.TrimPrefix(strings.TrimPrefix(t.path, c.root), "/"), Name: t.name, Identity: t.identity, Metadata: t.metadata})
		fmt.Fprintf(states, "%d %s ", t.size, t.modTime.Format(time.RFC3339Nano))
	}
	switch {
	case len(files) == 0:
		return nil
	case c.archive != nil:
		size, at := c.archive.info.Size(), c.archive.info.ModTime().Format(time.RFC3339Nano)
		if err := c.take(Piece{Seen: fmt.Sprintf("%d %s", size, at)}); err != nil {
			return err
		}
		return errWhole
	default:
		return c.take(Piece{Files: files, Named: c.plan.cfg.named(), Seen: hex.EncodeToString(states.Sum(nil))})
	}
}
