package search_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// forgetful is a store whose index misses, below an ef_search of 200, the
// candidates of some ranks, counted from 1 after the probe itself.
type forgetful struct {
	*search.Exact
	probes []face.Candidate
	misses []int
}

func (f forgetful) Sample(_ context.Context, _ string, _ face.Space, n int, _ int64) ([]face.Candidate, int64, error) {
	return f.probes[:min(n, len(f.probes))], 77, nil
}

func (f forgetful) NearestAt(ctx context.Context, q face.Query, efSearch int) ([]face.Candidate, error) {
	found, _, err := f.Nearest(ctx, q)
	var kept []face.Candidate
	for rank, c := range found {
		if efSearch >= 200 || !slices.Contains(f.misses, rank) {
			kept = append(kept, c)
		}
	}
	return kept, err
}

// crowd has 20 faces at 0, 2, 4 degrees and so on, the identities taking turns: the
// mates of the first are 10 and 20 degrees away, and more.
func crowd(t *testing.T, people int, misses ...int) (forgetful, search.RecallOptions) {
	t.Helper()
	store := search.NewExact()
	for i := range 20 {
		identity := fmt.Sprintf("sample-%02d", i%people)
		if people == 1 {
			identity = ""
		}
		err := store.Enrol("g", face.Enrolment{
			Image: face.Image{Path: fmt.Sprint(i), Identity: identity}, Space: plane, Templates: []face.Template{at(2 * float64(i))},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	q := face.Query{Gallery: "g", Space: plane, Probe: at(0).Vector, Metric: face.Cosine, Limit: 1}
	first, _, err := store.Nearest(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return forgetful{store, first, misses}, search.RecallOptions{Gallery: "g", Space: plane, Metric: face.Cosine}
}

func TestMeasureRecall(t *testing.T) {
	t.Parallel()
	wide := face.Threshold{Metric: face.Cosine, Distance: 1 - math.Cos(30*math.Pi/180)}
	narrow := face.Threshold{Metric: face.Cosine, Distance: 1 - math.Cos(15*math.Pi/180)}
	for name, c := range map[string]struct {
		people    int
		misses    []int
		threshold face.Threshold
		recall    float64
		mates     float64 // below 0 for unknown
	}{
		"nothing missed":         {5, nil, face.Threshold{}, 1, 1},
		"strangers missed":       {5, []int{1, 2, 3}, face.Threshold{}, 0.7, 1},
		"a mate missed":          {5, []int{1, 5}, face.Threshold{}, 0.8, 0.5},
		"within the threshold":   {5, []int{5}, wide, 0.9, 0.5},
		"mate beyond it missed":  {5, []int{10}, narrow, 0.9, 1},
		"only mate of it missed": {5, []int{5}, narrow, 0.9, 0},
		"nobody has a mate":      {20, []int{4}, face.Threshold{}, 0.9, -1},
		"without identities":     {1, []int{4}, face.Threshold{}, 0.9, -1},
	} {
		store, opts := crowd(t, c.people, c.misses...)
		told := 0
		opts.Threshold, opts.Tell = c.threshold, func(done, total int) { told += done * total }
		curve, err := search.MeasureRecall(t.Context(), store, opts)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if curve.Metric != face.Cosine || curve.K != 10 || curve.Probes != 1 || curve.Rows != 77 || curve.MeasuredAt.IsZero() || told != 1 {
			t.Errorf("%s: %+v", name, curve)
		}
		for i, efSearch := range []int{40, 100, 200, 400, 800, 1000} {
			p, recall, mates := curve.Points[i], c.recall, c.mates
			if efSearch >= 200 {
				recall, mates = 1, 1
			}
			if p.EfSearch != efSearch || !near(p.Recall, recall, 1e-9) {
				t.Errorf("%s: point %+v, want ef_search %d and recall %g", name, p, efSearch, recall)
			}
			if c.mates < 0 {
				mates = recall // is promised in their stead
			}
			if (p.MateRecall == nil) != (c.mates < 0) || !near(p.Promise(), mates, 1e-9) {
				t.Errorf("%s, ef_search %d: promises %g, want %g", name, efSearch, p.Promise(), mates)
			}
		}
	}
}

func TestMeasureRecallRefuses(t *testing.T) {
	t.Parallel()
	store, opts := crowd(t, 5)
	opts.Probes = -1
	_, err := search.MeasureRecall(t.Context(), store, opts)
	wantCode(t, err, face.Invalid)
	opts.Probes, store.probes = 0, nil
	_, err = search.MeasureRecall(t.Context(), store, opts)
	wantCode(t, err, face.NotFound)
}

// The answer over several probes promises what its weakest part does.
func TestEstimatedRecallOfSeveralProbes(t *testing.T) {
	t.Parallel()
	complete := face.Plan{Plan: face.PlanExact, Complete: true}
	hnsw := func(recall float64) face.Plan { return face.Plan{Plan: face.PlanHNSW, EstimatedRecall: recall} }
	for name, c := range map[string]struct {
		plans []face.Plan
		want  float64
	}{
		"one":              {[]face.Plan{hnsw(0.99)}, 0.99},
		"the least":        {[]face.Plan{hnsw(0.99), hnsw(0.95), hnsw(0.97)}, 0.95},
		"complete ones":    {[]face.Plan{complete, hnsw(0.95), complete}, 0.95},
		"unknown":          {[]face.Plan{hnsw(0.99), hnsw(0), hnsw(0.98)}, 0},
		"all are complete": {[]face.Plan{complete, complete}, 0},
	} {
		n := 0
		searcher, err := search.NewSearcher(search.Config{Gallery: galleryFunc(func(q face.Query) ([]face.Candidate, face.Plan, error) {
			if q.MinRecall != 0.9 {
				t.Errorf("%s: asked for a recall of %g", name, q.MinRecall)
			}
			n++
			return nil, c.plans[n-1], nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		probes := make([]face.Template, len(c.plans))
		for i := range probes {
			probes[i] = at(float64(i))
		}
		result, err := searcher.Find(t.Context(), probes, search.FindOptions{Threshold: half, MinRecall: 0.9})
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Search.EstimatedRecall; got != c.want {
			t.Errorf("%s: estimated recall %g, want %g", name, got, c.want)
		}
	}
}
