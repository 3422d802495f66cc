package resident

import (
	"context"
	"errors"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Resident implements Source. The index may be closed at any time, which its methods
// say by Unavailable.
func (c *Copy) Resident(space face.Space) (View, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.complete || c.inStep.IsZero() {
		return View{}, false
	}
	name := space.Name()
	for _, m := range c.members {
		if m.index != nil && m.space.Name() == name {
			return View{Index: m.index, Position: c.position, Lag: time.Since(c.inStep)}, true
		}
	}
	return View{}, false
}

// Await waits until the copy has come to a position. It returns Cancelled where ctx
// ends before.
func (c *Copy) Await(ctx context.Context, at face.Position) error {
	for {
		c.mu.RLock()
		there, advanced := c.complete && c.position >= at, c.advanced
		c.mu.RUnlock()
		if there {
			return nil
		}
		select {
		case <-advanced:
		case <-ctx.Done():
			return face.Wrap(face.Cancelled, ctx.Err(), "wait for the index in memory to come to position %d", at)
		}
	}
}

// Held is what a copy holds of a space.
type Held struct {
	Space face.Space
	Rows  int
	Bytes int64
}

// Held lists the spaces that have an index.
func (c *Copy) Held() []Held {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var all []Held
	for _, m := range c.members {
		if m.index != nil {
			all = append(all, Held{m.space, m.index.Len(), m.index.Bytes()})
		}
	}
	return all
}

// Bytes is what all indexes take of memory.
func (c *Copy) Bytes() (sum int64) {
	for _, h := range c.Held() {
		sum += h.Bytes
	}
	return sum
}

// Standing says up to where the copy has every change, how long ago the database stood
// there at the latest, and whether it is whole and that is known.
func (c *Copy) Standing() (at face.Position, lag time.Duration, whole bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.position, time.Since(c.inStep), c.complete && !c.inStep.IsZero()
}

func closeAll(members map[int32]*member) error {
	var errs []error
	for _, m := range members {
		if m.index != nil {
			errs = append(errs, m.index.Close())
		}
	}
	return errors.Join(errs...)
}
