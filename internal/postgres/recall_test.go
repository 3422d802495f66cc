package postgres_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/synthetic"
	"github.com/visagedb/visage/search"
)

const (
	people, photographs = 1_000, 4
	unseen              = photographs // one more photograph of each, that is not enrolled
)

// crowd is a database with made-up people, in an index so poor that it misses some.
func crowd(t *testing.T) (*bench, face.Space, *synthetic.Gallery) {
	t.Helper()
	s := space("A", 64, true)
	made, err := synthetic.New(synthetic.Config{Dim: 64, EffectiveDim: 50, GenuineMean: 0.62, GenuineSD: 0.12, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	b := setup(t)
	var rows []face.Record
	for n := range people * photographs {
		person, photograph := n/photographs, n%photographs
		rows = append(rows, face.Record{Identity: fmt.Sprint(person), Image: fmt.Sprint(n), Vector: made.Template(person, photograph)})
	}
	im := b.beginImport(s)
	b.add(im, rows, len(rows))
	b.build(s, postgres.IndexSettings{M: 4, EfConstruction: 8})
	return b, s, made
}

func (b *bench) measured(s face.Space) face.RecallCurve {
	b.Helper()
	curve, err := search.MeasureRecall(b.Context(), b.db, search.RecallOptions{Gallery: "g", Space: s, Metric: face.Cosine, Probes: 300})
	b.ok(err)
	return curve
}

// sure is a curve of which nothing is doubted: it promises what was measured.
func sure(c face.RecallCurve) face.RecallCurve {
	for i, p := range c.Points {
		c.Points[i].Promise = p.Estimate()
	}
	return c
}

func TestRecallCurve(t *testing.T) {
	t.Parallel()
	b, s, _ := crowd(t)
	curve := b.measured(s)
	if curve.Probes != 300 || curve.Rows != people*photographs || len(curve.Points) != 6 {
		t.Fatalf("curve %+v", curve)
	}
	last := face.RecallPoint{}
	for _, p := range curve.Points {
		t.Logf("ef_search %d: recall %.4f, mates %.4f", p.EfSearch, p.Recall, p.Estimate())
		if p.EfSearch <= last.EfSearch || p.Recall < last.Recall-0.005 || p.MateRecall == nil || (last.MateRecall != nil && *p.MateRecall < *last.MateRecall-0.005) {
			t.Errorf("%+v after %+v: a larger ef_search finds less", p, last)
		}
		last = p
	}
	if first := curve.Points[0]; first.Recall > 0.99 || first.Recall < 0.1 || last.Recall <= first.Recall {
		t.Errorf("recall from %g to %g: the index is no poor one", first.Recall, last.Recall)
	}
	b.ok(b.db.StoreRecall(t.Context(), s, curve))
	b.ok(b.db.StoreRecall(t.Context(), s, curve)) // in place of the first
	index := b.listed(s).Indexes[0]
	if index.Recall == nil || index.Stale {
		t.Fatalf("listed %+v", index)
	}
	index.Recall.MeasuredAt = index.Recall.MeasuredAt.UTC()
	if !reflect.DeepEqual(*index.Recall, curve) {
		t.Errorf("stored %+v, want %+v", *index.Recall, curve)
	}
	// The seed chooses the same probes again, and others; more of them begin alike.
	first, err := b.db.Sample(t.Context(), "g", s, 20, 0)
	b.ok(err)
	for seed, want := range map[int64]bool{0: true, 1: false} {
		again, err := b.db.Sample(t.Context(), "g", s, 90, seed)
		if err != nil || len(again) != 90 || reflect.DeepEqual(first, again[:20]) != want {
			t.Errorf("seed %d gives %d probes (%v), the same as seed 0: %t", seed, len(again), err, !want)
		}
	}
}

// The recall asked for is the recall that is got, of photographs that nobody
// measured with.
func TestMinRecallIsKept(t *testing.T) {
	t.Parallel()
	b, s, made := crowd(t)
	b.ok(b.db.StoreRecall(t.Context(), s, sure(b.measured(s))))
	curve := b.listed(s).Indexes[0].Recall
	q := face.Query{Gallery: "g", Space: s, Metric: face.Cosine, Limit: 10, Probe: made.Template(0, unseen)}
	b.ok(b.db.SearchByIndex(t.Context(), q, people*photographs))
	middle := curve.Points[2].Promise
	for _, asked := range []float64{0.5, middle, 0.99, 1} {
		want := face.Plan{Plan: face.PlanExact, Rows: people * photographs, Complete: true}
		for i := len(curve.Points) - 1; i >= 0; i-- {
			if p := curve.Points[i]; p.Promise >= asked && asked < 1 {
				want = face.Plan{Plan: face.PlanHNSW, EfSearch: max(60, p.EfSearch), Rows: people * photographs, EstimatedRecall: p.Estimate()}
			}
		}
		mates, found := 0.0, 0.0
		for person := 0; person < people; person += 4 {
			q.Probe, q.MinRecall, q.Exact = made.Template(person, unseen), asked, false
			got, plan, err := b.db.Nearest(t.Context(), q)
			b.ok(err)
			if plan != want {
				t.Fatalf("a recall of %g: plan %+v, want %+v", asked, plan, want)
			}
			q.Exact = true
			all, _, err := b.db.Nearest(t.Context(), q)
			b.ok(err)
			mates, found = mates+count(all, fmt.Sprint(person)), found+count(got, fmt.Sprint(person))
		}
		t.Logf("asked for %.4f: %.4f of %.0f mates by %+v", asked, found/mates, mates, want)
		// The curve and this are estimates from some 900 mates each: they differ by up to
		// 0.05 where both are about 0.88.
		if got := found / mates; got < asked-0.05 || mates < 700 {
			t.Errorf("a recall of %g was asked for, %g of %g mates were found", asked, got, mates)
		}
	}
}

// count says how many candidates are of an identity.
func count(found []face.Candidate, identity string) (n float64) {
	for _, c := range found {
		if c.Identity == identity {
			n++
		}
	}
	return n
}

// curveOf is a curve of the given estimates, which promises a thousandth less.
func curveOf(rows int64, estimates ...float64) face.RecallCurve {
	c := face.RecallCurve{Metric: face.Cosine, K: 10, Probes: 200, Rows: rows, MeasuredAt: time.Now()}
	for i, efSearch := range []int{40, 100, 200, 400, 800, 1000}[:len(estimates)] {
		c.Points = append(c.Points, face.RecallPoint{EfSearch: efSearch, Recall: estimates[i] / 2, MateRecall: &estimates[i], Promise: estimates[i] - 0.001})
	}
	return c
}

func TestChoiceOfEfSearch(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	const n = 800
	b := loaded(t, s, n)
	exact := face.Plan{Plan: face.PlanExact, Rows: n, Complete: true}
	hnsw := func(efSearch int, recall float64) face.Plan {
		return face.Plan{Plan: face.PlanHNSW, EfSearch: efSearch, Rows: n, EstimatedRecall: recall}
	}
	good := []float64{0.7, 0.9, 0.95, 0.991, 0.995, 0.997}
	for _, c := range []struct {
		name   string
		curve  face.RecallCurve
		recall float64
		limit  int
		want   face.Plan
	}{
		{"not measured", face.RecallCurve{Metric: face.Cosine}, 0.9, 10, hnsw(200, 0)},
		{"default", curveOf(n, good...), 0, 10, hnsw(400, 0.991)},
		{"less", curveOf(n, good...), 0.89, 10, hnsw(100, 0.9)},
		{"estimated, but not promised", curveOf(n, good...), 0.9, 10, hnsw(200, 0.95)},
		{"least, with the candidates that are wanted", curveOf(n, good...), 0.1, 10, hnsw(60, 0.7)},
		{"a long list", curveOf(n, good...), 0.1, 100, hnsw(240, 0.95)},
		{"most", curveOf(n, good...), 0.996, 10, hnsw(1000, 0.997)},
		{"more than there is", curveOf(n, good...), 0.9965, 10, exact},
		{"all", curveOf(n, 1, 1, 1, 1, 1, 1), 1, 10, exact},
		{"half the rows", curveOf(n/2, good...), 0.89, 10, hnsw(100, 0.9)},
		{"stale", curveOf(n/2-1, good...), 0.89, 10, hnsw(200, 0)},
		{"stale, most", curveOf(n/2-1, good...), 0.996, 10, exact},
	} {
		b.ok(b.db.StoreRecall(t.Context(), s, c.curve))
		q := face.Query{Gallery: "g", Space: s, Probe: vector(5, 16, 1), Metric: face.EuclideanL2, Limit: c.limit, MinRecall: c.recall}
		b.ok(b.db.SearchByIndex(t.Context(), q, n))
		if _, plan := b.find(q); plan != c.want {
			t.Errorf("%s: plan %+v, want %+v", c.name, plan, c.want)
		}
	}
	if index := b.listed(s).Indexes[0]; !index.Stale {
		t.Errorf("listed %+v, want a stale curve", index)
	}
	q := face.Query{Gallery: "g", Space: s, Probe: vector(5, 16, 1), Metric: face.Cosine, Limit: 1}
	for _, share := range []float64{-0.1, 1.1, math.NaN()} {
		q.MinRecall = share
		_, _, err := b.db.Nearest(t.Context(), q)
		b.fails(err, face.Invalid, "share")
	}
}

// What was measured goes with the index that it was measured on.
func TestRecallGoesWithTheIndex(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 100)
	b.ok(b.db.StoreRecall(t.Context(), s, curveOf(100, 0.5)))
	_, err := b.db.DropIndex(t.Context(), s, face.Cosine)
	b.ok(err)
	b.build(s, postgres.IndexSettings{})
	if index := b.listed(s).Indexes[0]; index.Recall != nil {
		t.Errorf("a new index has the recall of the old one: %+v", index.Recall)
	}
	b.fails(b.db.StoreRecall(t.Context(), space("B", 4, true), curveOf(1, 1)), face.NotFound)
	_, err = b.db.Sample(t.Context(), "nowhere", s, 1, 0)
	b.fails(err, face.NotFound, "nowhere")
	if name, large, err := b.db.LargestGallery(t.Context(), s); name != "g" || large || err != nil {
		t.Errorf("largest gallery %q, large %t (%v)", name, large, err)
	}
	empty := space("C", 4, true)
	b.ok(b.db.EnsureSpace(t.Context(), empty))
	_, _, err = b.db.LargestGallery(t.Context(), empty)
	b.fails(err, face.NotFound, "no templates")
	wide := space("D", 5000, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/w", "sample-01", wide, 1)}))
	_, err = b.db.NearestAt(t.Context(), face.Query{Gallery: "g", Space: wide, Probe: vector(1, 5000, 1), Metric: face.Cosine, Limit: 1}, 40)
	b.fails(err, face.NotFound, "searched exactly")
}
