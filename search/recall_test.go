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

func (f forgetful) IndexState(context.Context, face.Space, face.Metric) (face.IndexState, error) {
	return face.IndexState{Rows: 77, Mark: "as it was"}, nil
}

func (f forgetful) Sample(_ context.Context, _ string, _ face.Space, n int, _ int64) ([]face.Candidate, error) {
	return f.probes[:min(n, len(f.probes))], nil
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
		"too narrow for mates":   {5, []int{4}, face.Threshold{Metric: face.Cosine, Distance: 1e-9}, 0.9, -1},
		"without identities":     {1, []int{4}, face.Threshold{}, 0.9, -1},
	} {
		store, opts := crowd(t, c.people, c.misses...)
		told := 0
		opts.Threshold, opts.Tell = c.threshold, func(done, total int) { told += done * total }
		curve, err := search.MeasureRecall(t.Context(), store, opts)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if curve.Metric != face.Cosine || curve.K != 10 || curve.Probes != 1 || curve.Rows != 77 || curve.State != "as it was" || curve.MeasuredAt.IsZero() || told != 1 {
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
			if (p.MateRecall == nil) != (c.mates < 0) || !near(p.Estimate(), mates, 1e-9) || p.Promise >= p.Estimate() && mates > 0 {
				t.Errorf("%s, ef_search %d: estimates %g and promises %g, want %g and less", name, efSearch, p.Estimate(), p.Promise, mates)
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
	opts.Probes = 1
	ctx, cancel := context.WithCancel(t.Context())
	opts.Rest, opts.Tell = 1_000_000, func(int, int) { cancel() }
	_, err = search.MeasureRecall(ctx, store, opts)
	wantCode(t, err, face.Cancelled)
	opts.Probes, store.probes = 0, nil
	_, err = search.MeasureRecall(t.Context(), store, opts)
	wantCode(t, err, face.NotFound)
}

// listed is an index that gives one list where the exact search gives another, for
// probes that are all alike, but that it gives nothing for some, counted from 1.
type listed struct {
	search.Gallery
	exact, index []face.Candidate
	probes       int
	missed       func(n int) bool
	asked        *int
}

func (l listed) IndexState(context.Context, face.Space, face.Metric) (face.IndexState, error) {
	return face.IndexState{Rows: 77}, nil
}

func (l listed) Sample(_ context.Context, _ string, _ face.Space, n int, _ int64) ([]face.Candidate, error) {
	probes := make([]face.Candidate, min(n, l.probes))
	for i := range probes {
		probes[i] = face.Candidate{FaceID: fmt.Sprint("probe", i), Identity: "ann", Vector: at(0).Vector}
	}
	return probes, nil
}

func (l listed) Nearest(context.Context, face.Query) ([]face.Candidate, face.Plan, error) {
	*l.asked++
	return l.exact, face.Plan{}, nil
}

func (l listed) NearestAt(context.Context, face.Query, int) ([]face.Candidate, error) {
	if l.missed != nil && l.missed(*l.asked) {
		return nil, nil
	}
	return l.index, nil
}

// copies are templates of an identity, so many degrees from the probe, the first of
// which has the given number.
func copies(identity string, first, n int, degrees float64) []face.Candidate {
	list := make([]face.Candidate, n)
	for i := range list {
		list[i] = face.Candidate{FaceID: fmt.Sprint(first + i), Identity: identity, Vector: at(degrees).Vector}
	}
	return list
}

// Copies of one photograph are as good as each other, but nothing farther is, and a
// stranger at the same distance is no mate.
func TestMeasureRecallOfCopies(t *testing.T) {
	t.Parallel()
	near5 := copies("bob", 90, 5, 3)
	for name, c := range map[string]struct {
		exact, index  []face.Candidate
		recall, mates float64
	}{
		"other copies":                 {copies("ann", 0, 11, 5), copies("ann", 20, 11, 5), 1, 1},
		"some farther than the copies": {copies("ann", 0, 11, 5), slices.Concat(copies("ann", 20, 7, 5), copies("ann", 30, 3, 6)), 0.7, 0.7},
		"copies at the end":            {slices.Concat(near5, copies("ann", 0, 6, 5)), slices.Concat(near5, copies("ann", 20, 6, 5)), 1, 1},
		"more mates than there were":   {slices.Concat(near5, copies("eve", 0, 2, 5), copies("ann", 0, 4, 5)), slices.Concat(near5, copies("ann", 20, 6, 5)), 1, 1},
		"strangers in their place":     {slices.Concat(near5, copies("ann", 0, 6, 5)), slices.Concat(near5, copies("eve", 20, 4, 5), copies("ann", 20, 2, 5)), 1, 0.2},
		"nearer ones than the exact":   {copies("ann", 0, 11, 5), slices.Concat(near5, copies("ann", 0, 6, 5)), 1, 0.5},
	} {
		source := listed{exact: c.exact, index: c.index, probes: 1, asked: new(int)}
		curve, err := search.MeasureRecall(t.Context(), source, search.RecallOptions{Gallery: "g", Space: plane, Metric: face.Cosine})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p := curve.Points[0]; !near(p.Recall, c.recall, 1e-9) || p.MateRecall == nil || !near(*p.MateRecall, c.mates, 1e-9) {
			t.Errorf("%s: recall %g, mates %g, want %g and %g", name, p.Recall, p.Estimate(), c.recall, c.mates)
		}
	}
}

// As many templates are searched for as it takes to decide, and the promise is the
// lower end of Wilson's interval, computed elsewhere, with a third of the mates as draws
// where those of a probe are missed together, and with two thirds where none is missed.
func TestMeasureRecallDecides(t *testing.T) {
	t.Parallel()
	mates := copies("ann", 0, 3, 5)
	each := func(nth int) func(int) bool { return func(n int) bool { return n%nth == 0 } }
	for name, c := range map[string]struct {
		missed            func(n int) bool
		there, asked      int
		probes, keeps     int
		estimate, promise float64
	}{
		"nothing missed":         {nil, 5000, 0, 300, 40, 1, 0.995511},
		"hopeless":               {each(10), 5000, 0, 300, 0, 0.9, 0.867837},
		"one missed, soon":       {func(n int) bool { return n == 7 }, 5000, 0, 600, 40, 1 - 1.0/600, 0.992564},
		"on the border":          {each(100), 5000, 0, 1200, 0, 0.99, 0.984051},
		"somewhat better":        {each(200), 5000, 0, 1200, 40, 0.995, 0.990360},
		"fewer than are needed":  {nil, 100, 0, 100, 0, 1, 0.986652},
		"as many as are asked":   {nil, 5000, 50, 50, 0, 1, 0.973656},
		"more than are ever due": {each(200), 5000, 5000, 5000, 40, 0.995, 0.993070},
	} {
		source := listed{exact: mates, index: mates, probes: c.there, missed: c.missed, asked: new(int)}
		curve, err := search.MeasureRecall(t.Context(), source, search.RecallOptions{Gallery: "g", Space: plane, Metric: face.Cosine, Probes: c.asked})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if p := curve.Points[0]; curve.Probes != c.probes || curve.Keeps(face.DefaultMinRecall) != c.keeps || !near(p.Estimate(), c.estimate, 1e-9) || !near(p.Promise, c.promise, 1e-5) {
			t.Errorf("%s: %d probes, ef_search %d keeps the default, estimate %g, promise %g; want %d, %d, %g, %g", name,
				curve.Probes, curve.Keeps(face.DefaultMinRecall), p.Estimate(), p.Promise, c.probes, c.keeps, c.estimate, c.promise)
		}
	}
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
