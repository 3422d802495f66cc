package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// gate lets so many do something at once and so many more wait for it, in the order
// in which they came; all others are turned away at once.
type gate struct {
	what    string // for messages
	inside  chan struct{}
	waiting chan struct{}
	longest time.Duration
}

func newGate(what string, inside, waiting int, longest time.Duration) *gate {
	return &gate{what, make(chan struct{}, inside), make(chan struct{}, waiting), longest}
}

// enter waits for a place, which the caller gives back by calling leave, once or more
// often. It returns a refusal where too many wait or it takes too long, and Cancelled
// where ctx ends.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	leave = sync.OnceFunc(func() { <-g.inside })
	select {
	case g.inside <- struct{}{}:
		return leave, nil
	default:
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return nil, busy("too many requests wait to "+g.what+" already: try again later", time.Second)
	}
	patience := time.NewTimer(g.longest)
	defer patience.Stop()
	select {
	case g.inside <- struct{}{}:
		return leave, nil
	case <-patience.C:
		return nil, busy("no turn to "+g.what+" came up in time: try again later", time.Second)
	case <-ctx.Done():
		return nil, face.Wrap(face.Cancelled, ctx.Err(), "wait for a turn to %s", g.what)
	}
}
