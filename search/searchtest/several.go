package searchtest

import (
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// several checks that probes at once are answered like each alone.
func (s suite) several(t *testing.T) {
	probes := [][]float32{ray(0, 1), ray(100, 1), ray(0, 1), ray(55, 1)}
	for _, filter := range []face.Filter{{}, {Excluded: []string{"sample-02"}}, where(`{"source":"badge"}`), where(`{"source":"moon"}`)} {
		ways(t, func(t *testing.T, exact bool) {
			q := query()
			q.Probe, q.Filter, q.Limit, q.Exact = nil, filter, 5, exact
			answers, err := s.gallery.NearestAll(t.Context(), q, probes)
			if err != nil || len(answers) != len(probes) {
				t.Fatalf("%d answers (%v), want %d", len(answers), err, len(probes))
			}
			for i, probe := range probes {
				q.Probe = probe
				alone, plan := s.nearest(t, q)
				if got, want := faceIDs(answers[i].Candidates), faceIDs(alone); !slices.Equal(got, want) || answers[i].Plan != plan {
					t.Errorf("probe %d: %v by %+v, alone %v by %+v", i, got, answers[i].Plan, want, plan)
				}
			}
		})
	}
}

func (s suite) severalRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		probes [][]float32
		want   face.Code
	}{
		"none":            {nil, face.Invalid},
		"one is short":    {[][]float32{ray(0, 1), ray(0, 1)[1:]}, face.Mismatch},
		"one is zero":     {[][]float32{ray(0, 1), make([]float32, dim), ray(0, 1)}, face.Invalid},
		"one is infinite": {[][]float32{ray(0, math.Inf(1)), ray(0, 1)}, face.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			answers, err := s.gallery.NearestAll(t.Context(), query(), c.probes)
			if got := face.CodeOf(err); got != c.want || answers != nil {
				t.Errorf("code %q (%v) and %d answers, want code %q alone", got, err, len(answers), c.want)
			}
		})
	}
}
