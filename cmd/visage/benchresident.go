package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
	"github.com/visagedb/visage/search/resident"
)

// heldTrial is the gallery's templates in memory, and what it took to hold them.
type heldTrial struct {
	gallery *resident.Gallery
	recall  *float64 // share of the mates that an exact search finds
	rows    int
	bytes   int64
	loaded  time.Duration // from Postgres
	opened  time.Duration // from files
}

// benchSlot names the place in the database's log; one bench runs at a time.
const benchSlot = "bench search"

// withHeld has the templates of the database held in memory while use runs: loaded from
// Postgres, kept in files and opened from there.
func (t *searchTrial) withHeld(ctx context.Context, use func() error) (err error) {
	folder, err := os.MkdirTemp("", "visage-bench")
	if err != nil {
		return fmt.Errorf("bench search: %w", err)
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(folder), t.db.DropSlot(context.WithoutCancel(ctx), benchSlot))
	}()
	t.held = &heldTrial{}
	loaded := resident.NewCopy(resident.CopyConfig{})
	err = t.followed(ctx, loaded, 0, "", func(took time.Duration) error {
		t.held.loaded = took
		return nil
	})
	origin, originErr := t.db.Origin(ctx)
	if err = errors.Join(err, originErr, loaded.Save(folder, origin), loaded.Close()); err != nil {
		return err
	}
	begun := time.Now()
	opened, origin, at, err := resident.OpenCopy(folder, resident.CopyConfig{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	return t.followed(ctx, opened, at, origin, func(time.Duration) error {
		t.held.opened = time.Since(begun)
		for _, space := range opened.Held() {
			if space.Space == t.query.Space {
				t.held.rows, t.held.bytes = space.Rows, space.Bytes
			}
		}
		if t.held.rows == 0 {
			return face.Errorf(face.Invalid, "space %s is not held in memory: it has too few templates", t.space)
		}
		t.held.gallery = resident.NewGallery(resident.GalleryConfig{Source: opened, Exact: t.db, Fallback: t.db})
		if err := t.measureHeld(ctx); err != nil {
			return err
		}
		return use()
	})
}

// followed has a copy follow the database while use runs, which is told how long it
// took to be whole.
func (t *searchTrial) followed(ctx context.Context, c *resident.Copy, from face.Position, origin string, use func(time.Duration) error) error {
	now, err := t.db.CurrentPosition(ctx)
	if err != nil {
		return err
	}
	following, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	begun, ended := time.Now(), make(chan error, 1)
	go func() {
		err := t.db.Follow(following, postgres.FollowConfig{Slot: benchSlot, From: from, Origin: origin}, c)
		stop(err)
		ended <- err
	}()
	var looking sync.WaitGroup
	defer looking.Wait()
	defer stop(nil)
	looking.Go(func() { look(following, t.db, c) })
	if err = c.Await(following, now); err == nil {
		c.Seen(now, time.Now()) // it stands there still: nobody writes
		err = use(time.Since(begun))
	}
	stop(nil)
	return errors.Join(err, <-ended)
}

// heldSource is a database that is searched in memory where its index is meant.
type heldSource struct {
	*postgres.DB
	gallery search.Gallery
}

// NearestAt is search.RecallSource's.
func (s heldSource) NearestAt(ctx context.Context, q face.Query, _ int) ([]face.Candidate, error) {
	q.Exact, q.MinRecall = false, 0
	found, plan, err := s.gallery.Nearest(ctx, q)
	if err == nil && plan.Plan != face.PlanResident {
		err = face.Errorf(face.Internal, "a search was done by %s, not in memory", plan.Plan)
	}
	return found, err
}

// measureHeld measures what is found in memory of what an exact search finds.
func (t *searchTrial) measureHeld(ctx context.Context) error {
	curve, err := search.MeasureRecall(ctx, heldSource{t.db, t.held.gallery}, search.RecallOptions{
		Gallery: t.gallery, Space: t.query.Space, Metric: face.Cosine, Threshold: t.threshold,
		Probes: t.searchBench.probes, Seed: probeSeed, EfSearch: []int{1},
	})
	if err == nil {
		t.held.recall = curve.Points[0].MateRecall
	}
	return err
}

// runHeld measures searches in memory in turn with exact ones in SQL and, where there is
// an index, those through it.
func (t *searchTrial) runHeld(ctx context.Context, clients int) ([]bench.Result, error) {
	var held, index, exact speeds
	ways := map[*speeds]func(context.Context, face.Candidate) error{
		&held:  t.find(t.held.gallery, search.FindOptions{MinRecall: face.DefaultMinRecall}),
		&exact: t.find(t.db, search.FindOptions{Exact: true}),
	}
	if t.indexed {
		ways[&index] = t.nearestAt(t.efSearch)
	}
	for round := range 1 + t.rounds {
		for into, request := range ways {
			timings, err := t.load(ctx, clients, bench.Span{Counted: t.length}, request)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				into.add(timings)
			}
		}
	}
	return t.heldResults(clients, &held, &index, &exact), nil
}

func (t *searchTrial) heldResults(clients int, held, index, exact *speeds) []bench.Result {
	suffix := ""
	if clients > 1 {
		suffix = fmt.Sprintf(".clients%d", clients)
	}
	h := t.held
	notes := fmt.Sprintf("%s; exact %s; %d templates of %d dimensions, %.0f bytes each; loaded in %.1f s, opened again in %.2f s",
		held.text(), exact.text(), h.rows, t.query.Space.Dim, float64(h.bytes)/float64(h.rows), h.loaded.Seconds(), h.opened.Seconds())
	one := bench.Rounds{Values: held.rounds, References: exact.rounds}.Result("search.resident"+suffix, "1/s", "the comparison with every template in SQL", notes)
	one.Recall = h.recall
	results := []bench.Result{one}
	if t.indexed {
		notes := fmt.Sprintf("HNSW %s at ef_search %d", index.text(), t.efSearch)
		if t.recall != nil {
			notes += fmt.Sprintf(", recall %.4f", *t.recall)
		}
		other := bench.Rounds{Values: held.rounds, References: index.rounds}.Result("search.resident.hnsw"+suffix, "1/s", "the index", notes)
		other.Recall = h.recall
		results = append(results, other)
	}
	return results
}
