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

// Who waits too long for a turn is told to come again.
func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	g := newGate("infer", 1, 1, 10*time.Millisecond)
	leave, err := g.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var refused *refusal
	if _, err := g.enter(t.Context()); !errors.As(err, &refused) || refused.status != http.StatusTooManyRequests {
		t.Errorf("after 10 ms: %v", err)
	}
	g.longest = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := g.enter(ctx); face.CodeOf(err) != face.Cancelled {
		t.Errorf("after the end of ctx: %v", err)
	}
	leave()
	leave()
	for range 3 {
		leave, err := g.enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave()
	}
}

func TestRequestsUnderWayAreLimited(t *testing.T) {
	t.Parallel()
	release, inside := make(chan struct{}), make(chan struct{})
	b := setup(t, Config{MaxRequests: 1}, route{"GET", "/slow", rule{face.ScopeRead, noGallery}, func(c echo.Context) error {
		inside <- struct{}{}
		<-release
		return fine(c)
	}})
	var done sync.WaitGroup
	done.Go(func() { b.ask("GET", "/slow", "") })
	<-inside
	b.refuses(b.ask("GET", "/slow", ""), http.StatusTooManyRequests, "too_many_requests")
	if a := b.ask("GET", "/healthz", ""); a.status != http.StatusOK {
		t.Errorf("/healthz of a busy service: %d", a.status)
	}
	close(release)
	done.Wait()
}
