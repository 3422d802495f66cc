package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

const (
	// lenderRest is how long models stay open after their last use, whatever else is
	// asked for: loading takes seconds and much memory, so that requests that name
	// other models each time must not be able to cause it without end.
	lenderRest = 10 * time.Second
	// lenderWait is how long Close waits for requests that still use models.
	lenderWait = 10 * time.Second
)

// lender keeps models open for requests: its own, and up to so many others as
// requests name them. The ones that were not in use for longest are closed for
// others, unless they were used just now. One set of models is opened at a time, and
// whoever waits for it may go away.
type lender struct {
	open    func(embed.Config) (*embed.Embedder, error)
	log     *slog.Logger
	entries []registry.Entry // models that have a name
	cfg     embed.Config     // the server's own models
	own     models
	says    analyzing
	most    int
	rest    time.Duration
	now     func() time.Time

	opening sync.Mutex     // held while models are opened
	out     sync.WaitGroup // loans that are out, and openings
	mu      sync.Mutex     // guards all below
	lent    map[models]*loan
	closed  bool
}

// loan is an Embedder that is open, or is being opened.
type loan struct {
	ready chan struct{} // closed once e or err is there
	e     *embed.Embedder
	err   error
	users int
	last  time.Time // of its last use
}

// newLender opens the server's own models. The caller closes the lender.
func newLender(cfg embed.Config, most int, entries []registry.Entry, log *slog.Logger, open func(embed.Config) (*embed.Embedder, error)) (*lender, error) {
	l := &lender{
		open: open, log: log, entries: entries, cfg: cfg, most: most, rest: lenderRest, now: time.Now, lent: map[models]*loan{},
	}
	e, err := open(cfg)
	if err != nil {
		return nil, err
	}
	l.own = l.ownModels(e)
	held := &loan{ready: make(chan struct{}), e: e, users: 1} // never idle
	close(held.ready)
	l.lent[l.own] = held
	return l, nil
}

// lend gives an Embedder of the models, cut to the choice.
func (l *lender) lend(ctx context.Context, m models, crop embed.Crop) (*embed.Embedder, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, face.Wrap(face.Cancelled, err, "open the models")
	}
	taken, err := l.take(m)
	if err != nil {
		return nil, nil, err
	}
	giveBack := sync.OnceFunc(func() { l.giveBack(taken) })
	select {
	case <-taken.ready:
		err = taken.err
	case <-ctx.Done():
		err = face.Wrap(face.Cancelled, ctx.Err(), "open the models")
	}
	var e *embed.Embedder
	if err == nil {
		e, err = taken.e.Cropped(crop)
	}
	if err != nil {
		giveBack()
		return nil, nil, err
	}
	return e, giveBack, nil
}

// take finds the loan of some models, or begins one.
func (l *lender) take(m models) (*loan, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errEnding
	}
	taken, found := l.lent[m]
	if !found {
		if len(l.lent) > l.most+len(l.idle()) { // each that is idle makes room for one
			return nil, face.Errorf(face.Unavailable, "%d other models than the server's own may be open at once, and were all used just now: try again later", l.most)
		}
		taken = &loan{ready: make(chan struct{})}
		l.lent[m] = taken
		l.out.Add(1)
		go l.fill(m, taken)
	}
	taken.users++
	taken.last = l.now()
	l.out.Add(1)
	return taken, nil
}

// errEnding is for requests that come too late.
var errEnding = face.Errorf(face.Unavailable, "the server is ending")

// fill opens a loan's models, unless everybody who asked for them went away.
func (l *lender) fill(m models, taken *loan) {
	defer l.out.Done()
	defer l.trim()
	l.opening.Lock()
	defer l.opening.Unlock()
	l.mu.Lock()
	wanted := taken.users > 0 && !l.closed
	if !wanted {
		delete(l.lent, m)
		taken.err = errEnding
	}
	l.mu.Unlock()
	var e *embed.Embedder
	var err error
	if wanted {
		e, err = l.open(l.configOf(m))
		err = l.outward(m, err)
		l.mu.Lock()
		if taken.e, taken.err = e, err; err != nil {
			delete(l.lent, m) // the next one tries again
		}
		l.mu.Unlock()
	}
	close(taken.ready)
}

// idle are the models that may be closed for others.
func (l *lender) idle() []models {
	var idle []models
	for m, held := range l.lent {
		if held.users == 0 && held.e != nil && l.now().Sub(held.last) >= l.rest {
			idle = append(idle, m)
		}
	}
	return idle
}

// trim closes the models that were idle for longest while there are too many.
func (l *lender) trim() {
	l.mu.Lock()
	var surplus []*loan
	for idle := l.idle(); len(idle) > 0 && len(l.lent) > l.most+1; idle = l.idle() {
		oldest := idle[0]
		for _, m := range idle {
			if l.lent[m].last.Before(l.lent[oldest].last) {
				oldest = m
			}
		}
		surplus = append(surplus, l.lent[oldest])
		delete(l.lent, oldest)
	}
	l.mu.Unlock()
	for _, held := range surplus {
		if err := held.e.Close(); err != nil {
			l.log.Error("models were not closed", "error", err)
		}
	}
}

func (l *lender) giveBack(taken *loan) {
	defer l.out.Done()
	l.mu.Lock()
	taken.users--
	taken.last = l.now()
	l.mu.Unlock()
	l.trim()
}

// Close frees all models. It waits for requests that still use some, but not for
// long: those are then left to the end of the process.
func (l *lender) Close() error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	ended := make(chan struct{})
	go func() { l.out.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(lenderWait):
		return face.Errorf(face.Unavailable, "models are still in use %s after the end: they were not closed", lenderWait)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for m, held := range l.lent {
		errs = append(errs, held.e.Close())
		delete(l.lent, m)
	}
	return errors.Join(errs...)
}

var _ httpapi.Models = (*lender)(nil)
