package searchtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// where is a filter for metadata.
func where(text string) face.Filter { return face.Filter{Metadata: json.RawMessage(text)} }

// filters are filters of main in the space unit with the photographs that they
// leave, by angle. Without any they are 1 6 3 0 5 2 7 4.
var filters = []struct {
	name   string
	filter face.Filter
	want   string
}{
	{"one identity", face.Filter{Identities: []string{"sample-04"}}, "3"},
	{"any of several", face.Filter{Identities: []string{"sample-04", "sample-01", "sample-04"}}, "3 0"},
	{"without one", face.Filter{Excluded: []string{"sample-02"}}, "6 3 0 5 2 7 4"}, // 7 belongs to nobody
	{"some, without one", face.Filter{Identities: []string{"sample-01", "sample-02"}, Excluded: []string{"sample-01"}}, "1"},
	{"nobody left", face.Filter{Identities: []string{"sample-01"}, Excluded: []string{"sample-01"}}, ""},
	{"a string", where(`{"source":"badge"}`), "6 0 2 4"},
	{"a number otherwise written", where(`{"floor":20e-1}`), "2"},
	{"a long number", where(`{"n":12345678901234567890}`), "1 3 5"},
	{"a number that is nearly so long", where(`{"n":12345678901234567891}`), ""},
	{"a number as text", where(`{"floor":"2"}`), ""},
	{"part of an object", where(`{"at":{"gate":null}}`), "6 0 2 4"},
	{"an empty object inside", where(`{"at":{}}`), "6 0 2 4"},
	{"part of an array", where(`{"tags":["out"]}`), "1 3 5"},
	{"an array of arrays", where(`{"tags":[["x"],"in","in"]}`), "1 3 5"},
	{"an array's element alone", where(`{"tags":"out"}`), ""},
	{"an empty array", where(`{"tags":[]}`), "1 3 5"},
	{"two keys", where(`{"source":"badge","floor":4}`), "4"},
	{"any metadata", where(`{}`), "1 6 3 0 5 2 4"}, // 7 has none
	{"no such metadata", where(`{"source":"moon"}`), ""},
	{"all three", face.Filter{Identities: []string{"sample-01", "sample-03", "sample-04"}, Excluded: []string{"sample-01"},
		Metadata: json.RawMessage(`{"source":"badge"}`)}, "2"},
}

func (s suite) filter(t *testing.T) {
	for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
		for _, c := range filters {
			t.Run(fmt.Sprintf("%s by %s", c.name, metric), func(t *testing.T) {
				ways(t, func(t *testing.T, exact bool) {
					q := query()
					q.Metric, q.Filter, q.Exact = metric, c.filter, exact
					found, plan := s.nearest(t, q)
					want := strings.Fields(c.want)
					if got := numbers(found); !slices.Equal(got, want) {
						t.Errorf("photographs %v, want %v", got, want)
					}
					if plan.Plan == face.PlanExact && (plan.Rows != int64(len(want)) || !plan.Complete) {
						t.Errorf("plan %+v, want a complete one over the %d that pass", plan, len(want))
					}
					if q.Limit = 2; len(want) > q.Limit {
						if found, _ = s.nearest(t, q); !slices.Equal(numbers(found), want[:q.Limit]) {
							t.Errorf("limit 2: photographs %v, want %v", numbers(found), want[:q.Limit])
						}
					}
				})
			})
		}
	}
}

func (s suite) filterRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		filter face.Filter
		want   face.Code
		words  string
	}{
		"unknown identities":     {face.Filter{Identities: []string{"sample-01", "eve", "bob"}}, face.NotFound, `"eve", "bob"`},
		"unknown, to leave out":  {face.Filter{Excluded: []string{"eve"}}, face.NotFound, `"eve"`},
		"of another gallery":     {face.Filter{Identities: []string{"sample-00"}}, face.NotFound, `"sample-00"`},
		"an empty name":          {face.Filter{Identities: []string{""}}, face.NotFound, `""`},
		"names are not patterns": {face.Filter{Identities: []string{"sample-%"}}, face.NotFound, `"sample-%"`},
		"no JSON":                {where(`{source:badge}`), face.Invalid, "JSON object"},
		"JSON cut short":         {where(`{"source":`), face.Invalid, "JSON object"},
		"a JSON array":           {where(`["badge"]`), face.Invalid, "JSON object"},
		"JSON's null":            {where(`null`), face.Invalid, "JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			ways(t, func(t *testing.T, exact bool) {
				q := query()
				q.Filter, q.Exact = c.filter, exact
				found, _, err := s.gallery.Nearest(t.Context(), q)
				if face.CodeOf(err) != c.want || !strings.Contains(err.Error(), c.words) {
					t.Errorf("%v and %d candidates, want code %q and %s", err, len(found), c.want, c.words)
				}
			})
		})
	}
}

// findFiltered checks that the runner-up that Find decides by is one that the
// filter lets pass.
func (s suite) findFiltered(t *testing.T) {
	searcher, err := search.NewSearcher(search.Config{Gallery: s.gallery})
	if err != nil {
		t.Fatal(err)
	}
	probe := []face.Template{{Space: unit, Vector: ray(7.52, 1)}} // about half-way between the first two
	opts := search.FindOptions{Gallery: main, Threshold: face.Threshold{Metric: face.Cosine, Distance: 0.5, Source: "the suite"}}
	for _, c := range []struct {
		filter face.Filter
		want   search.Decision
	}{
		{face.Filter{}, search.Ambiguous},
		{face.Filter{Excluded: []string{"sample-02"}}, search.Matched},
		{face.Filter{Identities: []string{"sample-05"}}, search.Unknown},
	} {
		opts.Filter = c.filter
		found, err := searcher.Find(t.Context(), probe, opts)
		if err != nil || found.Probes[0].Decision != c.want {
			t.Errorf("%+v: %+v, %v, want %s", c.filter, found.Probes, err, c.want)
		}
	}
}
