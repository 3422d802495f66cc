package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// gate lets so many do something at once and so many more wait for it, in the order
// in which they came; all others are turned away at once. One key takes no more than
// half of what may wait, or as many as may be inside.
type gate struct {
	what    string // for messages
	inside  chan struct{}
	waiting chan struct{}
	longest time.Duration
	share   *share
}

func newGate(what string, inside, waiting int, longest time.Duration) *gate {
	return &gate{what, make(chan struct{}, inside), make(chan struct{}, waiting), longest, newShare(max(inside, (inside+waiting)/2))}
}

// enter waits for a place, which the caller gives back by calling leave, once or more
// often. It returns a refusal where too many wait or it takes too long, and Cancelled
// where ctx ends.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	giveBack, err := g.share.take(ctx)
	if err != nil {
		return nil, err
	}
	if err := g.wait(ctx); err != nil {
		giveBack()
		return nil, err
	}
	return sync.OnceFunc(func() { <-g.inside; giveBack() }), nil
}

// wait takes a place inside.
func (g *gate) wait(ctx context.Context) error {
	select {
	case g.inside <- struct{}{}:
		return nil
	default:
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return busy("too many requests wait to "+g.what+" already: try again later", time.Second)
	}
	patience := time.NewTimer(g.longest)
	defer patience.Stop()
	select {
	case g.inside <- struct{}{}:
		return nil
	case <-patience.C:
		return busy("no turn to "+g.what+" came up in time: try again later", time.Second)
	case <-ctx.Done():
		return face.Wrap(face.Cancelled, ctx.Err(), "wait for a turn to %s", g.what)
	}
}
