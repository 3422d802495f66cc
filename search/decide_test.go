package search_test

import (
	"math"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

func match(identity, image string, distance float64) search.Match {
	return search.Match{Candidate: face.Candidate{Identity: identity, Image: image}, Distance: distance}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		ranked []search.Match
		want   search.Decision
	}{
		{"nobody", nil, search.Unknown},
		{"at the threshold", []search.Match{match("a", "1", 0.5)}, search.Matched},
		{"just beyond", []search.Match{match("a", "1", math.Nextafter(0.5, 1))}, search.Unknown},
		{"alone", []search.Match{match("a", "1", 0.2)}, search.Matched},
		{"two of one", []search.Match{match("a", "1", 0.2), match("a", "2", 0.2)}, search.Matched},
		{"nearly level", []search.Match{match("a", "1", 0.29), match("b", "2", 0.3)}, search.Ambiguous},
		{"at the ratio", []search.Match{match("a", "1", 0.225), match("b", "2", 0.25)}, search.Matched},
		{"clear", []search.Match{match("a", "1", 0.2), match("b", "2", 0.3)}, search.Matched},
		{"level beyond", []search.Match{match("a", "1", 0.49), match("b", "2", 0.51)}, search.Matched},
		{"both at 0", []search.Match{match("a", "1", 0), match("b", "2", 0)}, search.Ambiguous},
		{"third is the rival", []search.Match{match("a", "1", 0.3), match("a", "2", 0.3), match("b", "3", 0.31)}, search.Ambiguous},
		{"two nameless photographs", []search.Match{match("", "1", 0.3), match("", "2", 0.31)}, search.Ambiguous},
		{"two faces of one nameless photograph", []search.Match{match("", "1", 0.3), match("", "1", 0.31)}, search.Matched},
		{"a name that is a path", []search.Match{match("1", "x", 0.3), match("", "1", 0.31)}, search.Ambiguous},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := search.Decide(c.ranked, half); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// The same two angles are decided alike in whatever metric they are given.
func TestDecideAlikeInEveryMetric(t *testing.T) {
	t.Parallel()
	probe := at(0)
	for _, c := range []struct {
		first, second float64 // degrees
		want          search.Decision
	}{
		{40, 41, search.Ambiguous},
		{40, 43, search.Matched}, // 0.2340 of 0.2686, that is 0.871
		{40, 42, search.Ambiguous},
		{20, 50, search.Matched},
		{59, 61, search.Matched},
		{61, 62, search.Unknown},
	} {
		for _, metric := range metrics {
			threshold, err := search.ConvertThreshold(half, metric, plane)
			if err != nil {
				t.Fatal(err)
			}
			ranked := []search.Match{
				match("a", "1", distance(t, metric, probe.Vector, at(c.first).Vector)),
				match("b", "2", distance(t, metric, probe.Vector, at(c.second).Vector)),
			}
			if got := search.Decide(ranked, threshold); got != c.want {
				t.Errorf("%g and %g degrees by %s: %s, want %s", c.first, c.second, metric, got, c.want)
			}
		}
	}
}
