package httpapi

import (
	"context"
	"sync"
	"time"
)

// share keeps one key from taking all places of a limit: others would wait behind it,
// or be turned away.
type share struct {
	most int // places for each key

	mu   sync.Mutex
	held map[string]int // by the key's id, without those that hold none
}

func newShare(most int) *share { return &share{most: max(1, most), held: map[string]int{}} }

// take takes a place for the caller's key, which is given back by calling the
// function. It returns a refusal where the key has all of its own. Callers without a
// key are not told apart.
func (s *share) take(ctx context.Context) (giveBack func(), err error) {
	id := callerOf(ctx).key.ID
	if id == "" {
		return func() {}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[id] >= s.most {
		return nil, busy("too many requests of this key are under way: wait for some of them", time.Second)
	}
	s.held[id]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.held[id]--; s.held[id] == 0 {
			delete(s.held, id)
		}
	}, nil
}
