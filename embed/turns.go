package embed

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"

	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/internal/face"
)

// turns are the processors that an Embedder may use, had in the order in which
// they are asked for. Whoever decodes a photograph and finds its faces has one,
// and so has each run of a recogniser. Under load a run therefore waits until
// those that came before have found their faces, and takes all of these: batches
// are large when there is much to do, and nobody waits for them otherwise.
type turns struct {
	all  *semaphore.Weighted
	size int
}

func newTurns(size int) turns {
	if size < 1 {
		size = runtime.GOMAXPROCS(0)
	}
	return turns{semaphore.NewWeighted(int64(size)), size}
}

// turn is one that is had, or was given back.
type turn struct {
	of  turns
	had bool
}

// take waits for a processor, if it has none, until ctx ends.
func (t *turn) take(ctx context.Context) error {
	if t.had {
		return nil
	}
	if err := t.of.all.Acquire(ctx, 1); err != nil {
		return face.Wrap(face.Cancelled, err, "wait for a processor")
	}
	t.had = true
	return nil
}

// giveBack may be called twice.
func (t *turn) giveBack() {
	if t.had {
		t.had = false
		t.of.all.Release(1)
	}
}

// InHand is how many photographs to give an Embedder at once, so that no processor
// waits for files or databases and recognisers get whole batches.
func (e *Embedder) InHand() int {
	most := 1
	for _, m := range e.models {
		if b, shares := m.recognizer.(recognize.Batcher); shares {
			most = max(most, b.Batch())
		}
	}
	return e.turns.size * (1 + most)
}
