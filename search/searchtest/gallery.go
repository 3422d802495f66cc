package searchtest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// tolerance is how far two stores' distances may differ: the databases'
// compute in float32.
const tolerance = 1e-6

// Gallery holds one implementation of search.Gallery to the port's contract.
// The factory is called once; the suite only reads.
func Gallery(t *testing.T, factory Factory) {
	s := suite{gallery: factory(t, stock()), stock: stock()}
	for _, c := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"order", s.order},
		{"order in the raw metric", s.rawOrder},
		{"candidate's fields", s.fields},
		{"limit", s.limit},
		{"ties", s.ties},
		{"plan", s.plan},
		{"galleries and spaces stay apart", s.apart},
		{"nothing enrolled", s.nothing},
		{"refusals", s.refusals},
		{"cancelled", s.cancelled},
		{"at the same time", s.concurrent},
		{"find agrees with verify", s.agreement},
		{"filter", s.filter},
		{"filter's refusals", s.filterRefusals},
		{"several probes", s.several},
		{"refusals of several probes", s.severalRefusals},
		{"find through a filter", s.findFiltered},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

type suite struct {
	gallery search.Gallery
	stock   Stock
}

// query is the suite's ordinary query: the fan, searched from angle 0.
func query() face.Query {
	return face.Query{Gallery: main, Space: unit, Probe: ray(0, 1), Metric: face.Cosine, Limit: 100}
}

func (s suite) nearest(t *testing.T, q face.Query) ([]face.Candidate, face.Plan) {
	t.Helper()
	found, plan, err := s.gallery.Nearest(t.Context(), q)
	if err != nil {
		t.Fatalf("Nearest: %v", err)
	}
	return found, plan
}

// ways runs a check with and without q.Exact.
func ways(t *testing.T, check func(t *testing.T, exact bool)) {
	t.Helper()
	for _, exact := range []bool{false, true} {
		t.Run(fmt.Sprintf("exact=%t", exact), func(t *testing.T) { check(t, exact) })
	}
}

func (s suite) order(t *testing.T) {
	want := []string{"1", "6", "3", "0", "5", "2", "7", "4"} // by angle: 5 10 20 40 60 90 120 150
	for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
		ways(t, func(t *testing.T, exact bool) {
			q := query()
			q.Metric, q.Exact = metric, exact
			found, _ := s.nearest(t, q)
			if got := numbers(found); !slices.Equal(got, want) {
				t.Errorf("%s: photographs in the order %v, want %v", metric, got, want)
			}
			ascending(t, q, found)
		})
	}
}

func (s suite) rawOrder(t *testing.T) {
	for metric, want := range map[face.Metric][]string{
		face.Cosine:      {"8", "9", "10"},
		face.EuclideanL2: {"8", "9", "10"},
		face.Angular:     {"8", "9", "10"},
		face.Euclidean:   {"10", "9", "8"},
	} {
		ways(t, func(t *testing.T, exact bool) {
			q := query()
			q.Space, q.Metric, q.Exact = scaled, metric, exact
			found, _ := s.nearest(t, q)
			if got := numbers(found); !slices.Equal(got, want) {
				t.Errorf("%s: photographs in the order %v, want %v", metric, got, want)
			}
			ascending(t, q, found)
		})
	}
}

func (s suite) fields(t *testing.T) {
	found, _ := s.nearest(t, query())
	enrolled := map[string]Enrolment{}
	for _, e := range s.stock.Enrolments {
		if e.Gallery == main && e.Space == unit {
			enrolled[e.Image.Path] = e
		}
	}
	ids := map[string]bool{}
	for _, c := range found {
		e, known := enrolled[c.Image]
		if !known {
			t.Errorf("photograph %q was not enrolled", c.Image)
			continue
		}
		if c.FaceID == "" || ids[c.FaceID] {
			t.Errorf("%s: face id %q is empty or given twice", c.Image, c.FaceID)
		}
		ids[c.FaceID] = true
		if c.Identity != e.Image.Identity {
			t.Errorf("%s: identity %q, want %q", c.Image, c.Identity, e.Image.Identity)
		}
		if c.Box != e.Templates[0].Detection.Box {
			t.Errorf("%s: box %v, want %v", c.Image, c.Box, e.Templates[0].Detection.Box)
		}
		if !slices.Equal(c.Vector, e.Templates[0].Vector) {
			t.Errorf("%s: vector %v, want %v", c.Image, c.Vector, e.Templates[0].Vector)
		}
	}
	if len(found) != len(enrolled) {
		t.Errorf("%d candidates, want all %d", len(found), len(enrolled))
	}
}

func (s suite) limit(t *testing.T) {
	all, _ := s.nearest(t, query())
	for _, limit := range []int{1, 3, len(fan) - 1, len(fan), 5000, face.MostCandidates} {
		ways(t, func(t *testing.T, exact bool) {
			q := query()
			q.Limit, q.Exact = limit, exact
			found, _ := s.nearest(t, q)
			if got, want := numbers(found), numbers(all[:min(limit, len(all))]); !slices.Equal(got, want) {
				t.Errorf("limit %d: photographs %v, want %v", limit, got, want)
			}
		})
	}
}

func (s suite) ties(t *testing.T) {
	q := query()
	q.Gallery, q.Exact = twins, true
	all, _ := s.nearest(t, q)
	ids := faceIDs(all)
	if len(ids) != 3 || !slices.IsSorted(ids) {
		t.Fatalf("equal distances come as faces %v, want 3 in the order of their ids", ids)
	}
	q.Limit = 2
	for range 3 {
		found, _ := s.nearest(t, q)
		if got := faceIDs(found); !slices.Equal(got, ids[:2]) {
			t.Fatalf("limit 2 of equal distances gives %v, want %v", got, ids[:2])
		}
	}
}

func (s suite) plan(t *testing.T) {
	ways(t, func(t *testing.T, exact bool) {
		q := query()
		q.Exact = exact
		_, plan := s.nearest(t, q)
		if plan.Plan != face.PlanExact && plan.Plan != face.PlanHNSW && plan.Plan != face.PlanResident {
			t.Errorf("plan %q, want %q, %q or %q", plan.Plan, face.PlanExact, face.PlanHNSW, face.PlanResident)
		}
		if exact && (plan.Plan != face.PlanExact || !plan.Complete) {
			t.Errorf("an exact search says %+v, want a complete exact plan", plan)
		}
		if plan.Plan == face.PlanExact && plan.Rows != int64(len(fan)) {
			t.Errorf("exact plan over %d rows, want %d", plan.Rows, len(fan))
		}
		if plan.Plan == face.PlanHNSW && (plan.EfSearch < 1 || plan.Complete) {
			t.Errorf("an index search says %+v, want an ef_search and no completeness", plan)
		}
		if plan.Plan == face.PlanResident && (plan.Rows != int64(len(fan)) || plan.Complete || plan.Position == 0) {
			t.Errorf("a search in memory says %+v, want %d rows, a position and no completeness", plan, len(fan))
		}
	})
}

func (s suite) apart(t *testing.T) {
	q := query()
	q.Gallery = other
	found, _ := s.nearest(t, q)
	if len(found) != 1 || found[0].Image != "/photos/other/0.jpg" {
		t.Errorf("gallery %s gives %v, want its own photograph alone", other, found)
	}
}

func (s suite) nothing(t *testing.T) {
	for name, change := range map[string]func(*face.Query){
		"empty gallery":                  func(q *face.Query) { q.Gallery = empty },
		"space without templates":        func(q *face.Query) { q.Space = idle },
		"space that the gallery has not": func(q *face.Query) { q.Gallery, q.Space = other, scaled },
	} {
		ways(t, func(t *testing.T, exact bool) {
			q := query()
			q.Exact = exact
			change(&q)
			found, plan := s.nearest(t, q)
			if len(found) != 0 {
				t.Errorf("%s: %d candidates, want none", name, len(found))
			}
			if exact && (plan.Plan != face.PlanExact || plan.Rows != 0 || !plan.Complete) {
				t.Errorf("%s: plan %+v, want a complete exact one over 0 rows", name, plan)
			}
		})
	}
}

func (s suite) refusals(t *testing.T) {
	unknown := space("SuiteUnknown", dim, true)
	with := func(at int, v float64) []float32 {
		probe := ray(30, 1)
		probe[at] = float32(v)
		return probe
	}
	for name, c := range map[string]struct {
		change func(*face.Query)
		want   face.Code
	}{
		"unknown gallery":   {func(q *face.Query) { q.Gallery = "nowhere" }, face.NotFound},
		"unknown space":     {func(q *face.Query) { q.Space = unknown }, face.NotFound},
		"unknown metric":    {func(q *face.Query) { q.Metric = "taxicab" }, face.Invalid},
		"no metric":         {func(q *face.Query) { q.Metric = "" }, face.Invalid},
		"limit 0":           {func(q *face.Query) { q.Limit = 0 }, face.Invalid},
		"limit -1":          {func(q *face.Query) { q.Limit = -1 }, face.Invalid},
		"recall above 1":    {func(q *face.Query) { q.MinRecall = 1.01 }, face.Invalid},
		"recall below 0":    {func(q *face.Query) { q.MinRecall = -0.5 }, face.Invalid},
		"recall NaN":        {func(q *face.Query) { q.MinRecall = math.NaN() }, face.Invalid},
		"short probe":       {func(q *face.Query) { q.Probe = q.Probe[1:] }, face.Mismatch},
		"long probe":        {func(q *face.Query) { q.Probe = append(q.Probe, 0) }, face.Mismatch},
		"no probe":          {func(q *face.Query) { q.Probe = nil }, face.Mismatch},
		"zero probe":        {func(q *face.Query) { q.Probe = make([]float32, dim) }, face.Invalid},
		"probe with NaN":    {func(q *face.Query) { q.Probe = with(3, math.NaN()) }, face.Invalid},
		"infinite probe":    {func(q *face.Query) { q.Probe = with(7, math.Inf(-1)) }, face.Invalid},
		"zero probe, raw":   {func(q *face.Query) { q.Probe, q.Metric = make([]float32, dim), face.Euclidean }, face.Invalid},
		"wrong dim, exact":  {func(q *face.Query) { q.Probe, q.Exact = q.Probe[1:], true }, face.Mismatch},
		"no gallery, exact": {func(q *face.Query) { q.Gallery, q.Exact = "nowhere", true }, face.NotFound},
	} {
		t.Run(name, func(t *testing.T) {
			q := query()
			c.change(&q)
			found, _, err := s.gallery.Nearest(t.Context(), q)
			if got := face.CodeOf(err); got != c.want {
				t.Errorf("code %q (%v) and %d candidates, want code %q", got, err, len(found), c.want)
			}
		})
	}
}

func (s suite) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := s.gallery.Nearest(ctx, query())
	if got := face.CodeOf(err); got != face.Cancelled {
		t.Errorf("code %q (%v), want %q", got, err, face.Cancelled)
	}
}

func (s suite) concurrent(t *testing.T) {
	all, _ := s.nearest(t, query())
	want := numbers(all)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			found, _, err := s.gallery.Nearest(t.Context(), query())
			if got := numbers(found); err != nil || !slices.Equal(got, want) {
				t.Errorf("photographs %v (%v), want %v", got, err, want)
			}
		})
	}
	group.Wait()
}

// ascending checks that the candidates' exact distances do not fall.
func ascending(t *testing.T, q face.Query, found []face.Candidate) {
	t.Helper()
	last := 0.0
	for _, c := range found {
		d, err := search.Distance(q.Metric, q.Probe, c.Vector)
		if err != nil {
			t.Fatalf("%s: %v", c.Image, err)
		}
		if d < last-tolerance {
			t.Errorf("%s at %g comes after one at %g", c.Image, d, last)
		}
		last = d
	}
}
