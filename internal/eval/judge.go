package eval

import (
	"context"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/internal/face"
)

// judged is what was said of one photograph, or why nothing was.
type judged struct {
	kind    string // the attack's; empty for a live face
	said    face.Liveness
	failure *Failure
}

// presented are the photographs of one kind.
type presented struct {
	name string
	all  []judged
}

// answered is what was said of those of which anything was.
func (p presented) answered() (said []face.Liveness) {
	for _, j := range p.all {
		if j.failure == nil {
			said = append(said, j.said)
		}
	}
	return said
}

func (p presented) species() Species {
	said := p.answered()
	return Species{
		Name: p.name, Photos: len(p.all), Classified: len(said), NonResponse: float64(len(p.all)-len(said)) / float64(len(p.all)),
		Passed: passed(said, func(l face.Liveness) bool { return l.Real }),
	}
}

// judgeAll judges photographs, in their order.
func judgeAll(ctx context.Context, cfg SpoofConfig, photos []labelled) ([]judged, error) {
	workers := cfg.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	results := make([]judged, len(photos))
	var (
		mu   sync.Mutex
		done int
	)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i, p := range photos {
		group.Go(func() error {
			one, err := judge(ctx, cfg.Judge, p)
			if err != nil {
				return err
			}
			results[i] = one
			mu.Lock()
			defer mu.Unlock()
			if done++; cfg.Progress != nil {
				cfg.Progress(done, len(photos))
			}
			return nil
		})
	}
	return results, group.Wait()
}

// judge judges one photograph.
func judge(ctx context.Context, by Judge, p labelled) (judged, error) {
	if ctx.Err() != nil {
		return judged{}, face.Wrap(face.Cancelled, ctx.Err(), "evaluation cancelled")
	}
	data, err := read(p.file)
	var said face.Liveness
	if err == nil {
		said, err = by.Judge(ctx, data)
	}
	if err != nil {
		got, err := failed(p.file, err)
		return judged{kind: p.identity, failure: got.failure}, err
	}
	return judged{kind: p.identity, said: said}, nil
}
