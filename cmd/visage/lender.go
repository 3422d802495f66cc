package main

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// lender keeps models open for requests: its own, and up to so many others as
// requests name them. The one that was not in use for longest is closed for another.
type lender struct {
	open func(embed.Config) (*embed.Embedder, error)
	cfg  embed.Config // the server's own models
	most int

	mu     sync.Mutex
	tick   int
	lent   map[httpapi.Choice]*loan
	closed bool
}

// loan is an Embedder that is open, or being opened by whoever holds once.
type loan struct {
	once  sync.Once
	e     *embed.Embedder
	err   error
	users int
	last  int // tick of its last use
}

// newLender opens the server's own models. The caller closes the lender.
func newLender(cfg embed.Config, most int, open func(embed.Config) (*embed.Embedder, error)) (*lender, error) {
	l := &lender{open: open, cfg: cfg, most: most, lent: map[httpapi.Choice]*loan{}}
	e, err := open(cfg)
	if err != nil {
		return nil, err
	}
	l.cfg.Recognizer = e.Recognizer()
	l.cfg.Detector, _ = e.DetectorSource()
	own := &loan{e: e, users: 1} // never idle
	own.once.Do(func() {})
	l.lent[l.settled(httpapi.Choice{})] = own
	return l, nil
}

// settled is a choice with what it leaves open.
func (l *lender) settled(c httpapi.Choice) httpapi.Choice {
	c.Recognizer = cmp.Or(c.Recognizer, l.cfg.Recognizer)
	c.Detector = cmp.Or(c.Detector, l.cfg.Detector)
	c.Normalization = cmp.Or(c.Normalization, string(cmp.Or(l.cfg.Normalization, recognize.Base)))
	return c
}

// Lend is httpapi.Models'.
func (l *lender) Lend(ctx context.Context, c httpapi.Choice) (httpapi.Embedder, func(), error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, face.Wrap(face.Cancelled, err, "open the models")
	}
	c = l.settled(c)
	taken, idle, err := l.take(c)
	if err != nil {
		return nil, nil, err
	}
	if idle != nil {
		err = idle.Close()
	}
	taken.once.Do(func() { taken.e, taken.err = l.open(l.configOf(c)) })
	if err = errors.Join(err, taken.err); err != nil {
		l.giveBack(c, taken)
		return nil, nil, err
	}
	return served{taken.e}, func() { l.giveBack(c, taken) }, nil
}

// take finds the loan of a choice, or makes one, and gives an Embedder to be closed
// where there are too many.
func (l *lender) take(c httpapi.Choice) (taken *loan, idle *embed.Embedder, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, nil, face.Errorf(face.Unavailable, "the server is ending")
	}
	l.tick++
	taken, found := l.lent[c]
	if !found {
		if idle, err = l.room(); err != nil {
			return nil, nil, err
		}
		taken = &loan{}
		l.lent[c] = taken
	}
	taken.users++
	taken.last = l.tick
	return taken, idle, nil
}

// room makes room for one more, taking out the one that was idle for longest.
func (l *lender) room() (*embed.Embedder, error) {
	if len(l.lent) <= l.most {
		return nil, nil
	}
	var oldest httpapi.Choice
	found := false
	for c, held := range l.lent {
		if held.users == 0 && (!found || held.last < l.lent[oldest].last) {
			oldest, found = c, true
		}
	}
	if !found {
		return nil, face.Errorf(face.Unavailable, "%d other models are in use, and no more may be open: try again later", l.most)
	}
	idle := l.lent[oldest].e
	delete(l.lent, oldest)
	return idle, nil
}

func (l *lender) giveBack(c httpapi.Choice, taken *loan) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken.users--
	if taken.e == nil && l.lent[c] == taken { // it could not be opened: the next one tries again
		delete(l.lent, c)
	}
}

// configOf is how to open a choice.
func (l *lender) configOf(c httpapi.Choice) embed.Config {
	cfg := l.cfg
	cfg.Recognizer, cfg.Detector, cfg.Normalization = c.Recognizer, c.Detector, recognize.Normalization(c.Normalization)
	cfg.Crop = embed.Crop{Unaligned: c.Unaligned, Expand: c.Expand}
	return cfg
}

// Close frees all models. Requests must have ended.
func (l *lender) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	var errs []error
	for c, held := range l.lent {
		if held.e != nil {
			errs = append(errs, held.e.Close())
		}
		delete(l.lent, c)
	}
	return errors.Join(errs...)
}

// served is an Embedder as requests see it.
type served struct{ *embed.Embedder }

// Faces is httpapi.Embedder's.
func (s served) Faces(ctx context.Context, photo []byte, want httpapi.Wanted) (face.Photo, error) {
	return s.Taking(embed.Taking(want)).Embed(ctx, photo, face.AllFaces)
}

var (
	_ httpapi.Models   = (*lender)(nil)
	_ httpapi.Embedder = served{}
)
