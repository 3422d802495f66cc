package httpapi

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// One key takes half of the places at the most, so that others come in.
func TestOneKeyLeavesRoom(t *testing.T) {
	t.Parallel()
	of := func(id string) context.Context { return withCaller(t.Context(), caller{key: face.Key{ID: id}}) }
	g := newGate("infer", 1, 5, time.Hour)
	leave, err := g.enter(of("greedy"))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if leave, err := g.enter(of("greedy")); err != nil {
				t.Error(err)
			} else {
				leave()
			}
		})
	}
	for len(g.waiting) < 2 {
		time.Sleep(time.Millisecond)
	}
	var refused *refusal
	if _, err := g.enter(of("greedy")); !errors.As(err, &refused) || refused.status != http.StatusTooManyRequests {
		t.Errorf("a fourth of six places: %v", err)
	}
	for _, id := range []string{"modest", ""} {
		all.Go(func() {
			if leave, err := g.enter(of(id)); err != nil {
				t.Errorf("%q is kept out: %v", id, err)
			} else {
				leave()
			}
		})
	}
	leave()
	all.Wait()
	if len(g.share.held) != 0 {
		t.Errorf("places held in the end: %v", g.share.held)
	}
}

// A service under way with a request of one key has room for another's.
func TestOneKeyLeavesRequests(t *testing.T) {
	t.Parallel()
	release, inside := make(chan struct{}), make(chan struct{}, 1)
	b := setup(t, Config{MaxRequests: 2, Auth: AuthKeys}, route{"GET", "/slow", rule{face.ScopeRead, noGallery}, func(c echo.Context) error {
		inside <- struct{}{}
		<-release
		return fine(c)
	}})
	one, other := b.keys.add(nil, face.ScopeRead), b.keys.add(nil, face.ScopeRead)
	var all sync.WaitGroup
	ask := func(key string) answer { return b.ask("GET", "/slow", "", "X-Api-Key", key) }
	all.Go(func() { ask(one) })
	<-inside
	b.refuses(ask(one), http.StatusTooManyRequests, "too_many_requests")
	all.Go(func() {
		if a := ask(other); a.status != http.StatusNoContent {
			t.Errorf("another key: %d %s", a.status, a.body)
		}
	})
	<-inside
	close(release)
	all.Wait()
}
