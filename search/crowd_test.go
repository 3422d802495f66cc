package search_test

import (
	"context"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// onePerson is a gallery of one identity with as many faces as are asked for, so that
// no search comes to an end by itself. It counts what it gives.
type onePerson struct{ atOnce, inAll int }

func (g *onePerson) Nearest(context.Context, face.Query) ([]face.Candidate, face.Plan, error) {
	return nil, face.Plan{}, face.Errorf(face.Internal, "not asked for")
}

func (g *onePerson) NearestAll(_ context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	g.atOnce, g.inAll = max(g.atOnce, q.Limit*len(probes)), g.inAll+q.Limit*len(probes)
	if g.inAll > 100*face.MostCandidates {
		return nil, face.Errorf(face.Internal, "%d candidates for one search", g.inAll)
	}
	answers := make([]face.Answer, len(probes))
	for i := range answers {
		answers[i].Candidates = make([]face.Candidate, q.Limit)
		for j := range answers[i].Candidates {
			answers[i].Candidates[j] = face.Candidate{Identity: "ann", Vector: []float32{1, 0}}
		}
	}
	return answers, nil
}

// A crowd in front of a gallery that has no runner-up takes a bounded number of
// candidates, and the answer does not claim to be complete.
func TestCrowdsAreSearchedWithinBounds(t *testing.T) {
	t.Parallel()
	crowd := make([]face.Template, 1_000)
	for i := range crowd {
		crowd[i] = at(0)
	}
	for _, opts := range []search.FindOptions{{K: 20}, {K: 20, By: search.ByIdentity, Top: 2}} {
		g := &onePerson{}
		searcher, err := search.NewSearcher(search.Config{Gallery: g})
		if err != nil {
			t.Fatal(err)
		}
		opts.Threshold = half
		result, err := searcher.Find(t.Context(), crowd, opts)
		if err != nil || len(result.Results) != len(crowd) || result.Search.Complete {
			t.Errorf("%+v: %d lists, complete %t (%v)", opts, len(result.Results), result.Search.Complete, err)
		}
		if g.atOnce > 20*face.MostCandidates || g.inAll > 60*face.MostCandidates {
			t.Errorf("%+v: %d candidates at once, %d in all", opts, g.atOnce, g.inAll)
		}
	}
}
