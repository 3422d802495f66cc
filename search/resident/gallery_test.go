package resident_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
	"github.com/visagedb/visage/search/resident"
	"github.com/visagedb/visage/search/searchtest"
)

// store is the exact oracle as that which an index is a copy of.
type store struct {
	*search.Exact
	galleries map[string]bool
	people    map[string]bool // "gallery/identity"
	indexes   map[string]*resident.Index
	lag       time.Duration
	exact     atomic.Int64 // searches that came to the oracle
	asked     func()       // is called before each of them; nil for nothing
	gone      map[[16]byte]bool
}

// named is the id of a name.
func named(name string) [16]byte {
	sum := sha256.Sum256([]byte(name))
	return [16]byte(sum[:16])
}

// region is where a query looks.
func (s *store) region(q face.Query) (face.Region, error) {
	if !s.galleries[q.Gallery] {
		return face.Region{}, face.Errorf(face.NotFound, "there is no gallery %q", q.Gallery)
	}
	at := face.Region{Gallery: named(q.Gallery)}
	for _, name := range q.Filter.Identities {
		at.Identities = append(at.Identities, named(q.Gallery+"/"+name))
	}
	for _, name := range q.Filter.Excluded {
		at.Excluded = append(at.Excluded, named(q.Gallery+"/"+name))
	}
	return at, q.Filter.CheckNames(q.Gallery, func(name string) bool { return s.people[q.Gallery+"/"+name] })
}

func (s *store) Rank(ctx context.Context, q face.Query, probes [][]float32, propose func(face.Region) ([][][16]byte, error)) ([]face.Answer, error) {
	at, err := s.region(q)
	if err != nil {
		return nil, err
	}
	faces, err := propose(at)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	q.Limit, q.Exact = 1<<30, true
	answers, err := s.Exact.NearestAll(ctx, q, probes)
	if err != nil {
		return nil, err
	}
	for i := range answers {
		answers[i].Candidates = slices.DeleteFunc(answers[i].Candidates, func(c face.Candidate) bool {
			id := parsed(c.FaceID)
			return s.gone[id] || !slices.Contains(faces[i], id)
		})
		answers[i].Candidates = answers[i].Candidates[:min(limit, len(answers[i].Candidates))]
	}
	return answers, nil
}

// parsed reads a UUID.
func parsed(text string) [16]byte {
	all, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil {
		panic(err)
	}
	return [16]byte(all)
}

func (s *store) Resident(space face.Space) (resident.View, bool) {
	x, held := s.indexes[space.Name()]
	return resident.View{Index: x, Position: 4711, Lag: s.lag}, held
}

func (s *store) NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	s.exact.Add(1)
	if s.asked != nil {
		s.asked()
	}
	return s.Exact.NearestAll(ctx, q, probes)
}

func (s *store) gallery() *resident.Gallery {
	return resident.NewGallery(resident.GalleryConfig{Source: s, Exact: s, Fallback: s})
}

// stocked is a store that has what the suite wants, and indexes of it.
func stocked(t *testing.T, stock searchtest.Stock) *store {
	t.Helper()
	s := &store{Exact: search.NewExact(), galleries: map[string]bool{}, people: map[string]bool{}, indexes: map[string]*resident.Index{}}
	for _, name := range stock.Galleries {
		s.AddGallery(name)
		s.galleries[name] = true
	}
	for _, space := range stock.Spaces {
		s.AddSpace(space)
		s.index(t, space)
	}
	for i, e := range stock.Enrolments {
		if err := s.Enrol(e.Gallery, e.Enrolment); err != nil {
			t.Fatal(err)
		}
		template := face.Enrolled{
			Face:    parsed(fmt.Sprintf("00000000-0000-4000-8000-%012x", i+1)), // as the oracle counts
			Gallery: named(e.Gallery), Vector: e.Templates[0].Vector,
		}
		if name := e.Image.Identity; name != "" {
			s.people[e.Gallery+"/"+name] = true
			template.Identity = named(e.Gallery + "/" + name)
		}
		if err := s.index(t, e.Space).Put([]face.Enrolled{template}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *store) index(t *testing.T, space face.Space) *resident.Index {
	t.Helper()
	if x, made := s.indexes[space.Name()]; made {
		return x
	}
	x, err := resident.New(resident.Config{Space: space, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	s.indexes[space.Name()] = x
	return x
}

func TestGallery(t *testing.T) {
	t.Parallel()
	searchtest.Gallery(t, func(t *testing.T, stock searchtest.Stock) search.Gallery {
		return stocked(t, stock).gallery()
	})
}

var plane = face.Space{Recognizer: "Plane", Weights: "0123456789abcdef", Profile: face.Native, Dim: 2, Unit: true}

// crowd is a store of a gallery "g" with photographs of one person each, some degrees
// from each other, and a query for the first.
func crowd(t *testing.T) (*store, face.Query) {
	t.Helper()
	stock := searchtest.Stock{Galleries: []string{"g"}, Spaces: []face.Space{plane}}
	for i, v := range [][]float32{{1, 0}, {0.8, 0.6}, {0.6, 0.8}, {0, 1}} {
		stock.Enrolments = append(stock.Enrolments, searchtest.Enrolment{Gallery: "g", Enrolment: face.Enrolment{
			Image: face.Image{Path: fmt.Sprint(i), Identity: fmt.Sprint("p", i)}, Space: plane,
			Templates: []face.Template{{Space: plane, Vector: v}},
		}})
	}
	return stocked(t, stock), face.Query{Gallery: "g", Space: plane, Probe: []float32{1, 0}, Metric: face.Cosine, Limit: 3, MinRecall: face.DefaultMinRecall}
}

// What codes cannot answer is left to the fallback, everything else is not.
func TestWhoAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*store, *face.Query)
		want   string
	}{
		"ordinary":         {func(*store, *face.Query) {}, face.PlanResident},
		"raw euclidean":    {func(_ *store, q *face.Query) { q.Metric = face.Euclidean }, face.PlanResident},
		"by identity":      {func(_ *store, q *face.Query) { q.Filter.Identities = []string{"p1"} }, face.PlanResident},
		"its recall":       {func(_ *store, q *face.Query) { q.MinRecall = 0.994 }, face.PlanResident},
		"longest list":     {func(_ *store, q *face.Query) { q.Limit = 1_000 }, face.PlanResident},
		"longer list":      {func(_ *store, q *face.Query) { q.Limit = 1_001 }, face.PlanExact},
		"more recall":      {func(_ *store, q *face.Query) { q.MinRecall = 0.995 }, face.PlanExact},
		"exact":            {func(_ *store, q *face.Query) { q.Exact = true }, face.PlanExact},
		"by metadata":      {func(_ *store, q *face.Query) { q.Filter.Metadata = []byte(`{}`) }, face.PlanExact},
		"a little behind":  {func(s *store, _ *face.Query) { s.lag = 10 * time.Second }, face.PlanResident},
		"too far behind":   {func(s *store, _ *face.Query) { s.lag = 11 * time.Second }, face.PlanExact},
		"not in memory":    {func(s *store, _ *face.Query) { delete(s.indexes, plane.Name()) }, face.PlanExact},
		"closed meanwhile": {func(s *store, _ *face.Query) { _ = s.indexes[plane.Name()].Close() }, face.PlanExact},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, q := crowd(t)
			c.change(s, &q)
			_, plan, err := s.gallery().Nearest(t.Context(), q)
			if err != nil || plan.Plan != c.want || (s.exact.Load() == 1) != (c.want == face.PlanExact) {
				t.Errorf("plan %+v (%v), want %s", plan, err, c.want)
			}
			if c.want == face.PlanResident && (plan.Position != 4711 || plan.Lag != s.lag.Seconds() || plan.Rows != 4 || plan.Complete) {
				t.Errorf("plan %+v", plan)
			}
		})
	}
}

// A face that the index still holds and the store does not is never returned, and others
// take its place.
func TestDeletedFaces(t *testing.T) {
	t.Parallel()
	s, q := crowd(t)
	s.gone = map[[16]byte]bool{parsed("00000000-0000-4000-8000-000000000001"): true}
	found, plan, err := s.gallery().Nearest(t.Context(), q)
	if err != nil || plan.Plan != face.PlanResident || len(found) != 3 || found[0].Image != "1" || found[2].Image != "3" {
		t.Errorf("%v by %+v (%v), want photographs 1, 2 and 3", found, plan, err)
	}
}

// counts is a Meter.
type counts struct {
	sync.Mutex
	probes, rows, candidates, checked, missed int
	passedOn                                  []string
}

func (c *counts) Searched(probes int, rows int64, candidates int) {
	c.Lock()
	defer c.Unlock()
	c.probes, c.rows, c.candidates = c.probes+probes, c.rows+int(rows), c.candidates+candidates
}

func (c *counts) PassedOn(why string) {
	c.Lock()
	defer c.Unlock()
	c.passedOn = append(c.passedOn, why)
}

func (c *counts) Checked(found, missed int) {
	c.Lock()
	defer c.Unlock()
	c.checked, c.missed = c.checked+found, c.missed+missed
}

// checked is a gallery whose searches are counted and checked at once, and that may be
// a millisecond behind.
func checked(t *testing.T, s *store) (*resident.Gallery, *counts) {
	t.Helper()
	meter := &counts{}
	g := resident.NewGallery(resident.GalleryConfig{Source: s, Exact: s, Fallback: s, Meter: meter, MostLag: time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	var checks sync.WaitGroup
	checks.Go(func() { g.Check(ctx, time.Millisecond) })
	t.Cleanup(func() {
		stop()
		checks.Wait()
	})
	return g, meter
}

// ask searches until so many candidates were checked, and says how many were missed of
// all.
func (c *counts) ask(t *testing.T, g *resident.Gallery, q face.Query, checked int) (missed int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if _, _, err := g.Nearest(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		c.Lock()
		missed, done := c.missed, c.checked >= checked
		c.Unlock()
		if done {
			return missed
		}
	}
	t.Fatal("nothing was checked in a minute")
	return 0
}

// Searches are counted, and those that are repeated exactly tell what codes missed.
func TestChecks(t *testing.T) {
	t.Parallel()
	s, q := crowd(t)
	q.Limit = 2
	g, meter := checked(t, s)
	if missed := meter.ask(t, g, q, 2); missed != 0 {
		t.Errorf("missed %d of what is in memory", missed)
	}
	meter.Lock()
	if meter.probes < 1 || meter.rows != 4*meter.probes || meter.candidates != 4*meter.probes || meter.passedOn != nil {
		t.Errorf("counted %+v", meter)
	}
	checked := meter.checked
	meter.Unlock()
	second := parsed("00000000-0000-4000-8000-000000000002")
	if err := s.indexes[plane.Name()].Remove([][16]byte{second}); err != nil {
		t.Fatal(err)
	}
	for missed := 0; missed == 0; checked += 2 {
		missed = meter.ask(t, g, q, checked+2)
	}
	q.Exact = true
	if _, _, err := g.Nearest(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	meter.Lock()
	defer meter.Unlock()
	if !slices.Equal(meter.passedOn, []string{resident.Unlike}) {
		t.Errorf("passed on %v", meter.passedOn)
	}
}

// What the index comes to know between two looks was not missed.
func TestChecksWait(t *testing.T) {
	t.Parallel()
	s, q := crowd(t)
	q.Limit = 2
	index, late := s.indexes[plane.Name()], parsed("00000000-0000-4000-8000-000000000002")
	if err := index.Remove([][16]byte{late}); err != nil {
		t.Fatal(err)
	}
	s.asked = func() { // the exact search knows it already
		if err := index.Put([]face.Enrolled{{Face: late, Gallery: named("g"), Vector: []float32{0.8, 0.6}}}); err != nil {
			t.Error(err)
		}
	}
	g, meter := checked(t, s)
	if missed := meter.ask(t, g, q, 2); missed != 0 {
		t.Errorf("missed %d of what the index knows a moment later", missed)
	}
}
