package eval

import (
	"fmt"
	"math"
	"testing"
)

// Wanted figures from R. Newcombe, Statistics in Medicine 17 (1998), table I
// (method 3), and from the closed form at no events.
func TestWilson(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count, n  int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{0, 61, 0, 0.0592},
		{140, 140, 0.9733, 1},
		{1, 29, 0.0061, 0.1718},
		{29, 29, 0.8830, 1},
		{0, 0, 0, 1},
	} {
		t.Run(fmt.Sprintf("%d of %d", c.count, c.n), func(t *testing.T) {
			t.Parallel()
			got := wilson(c.count, c.n)
			if math.Abs(got[0]-c.low) > 5e-5 || math.Abs(got[1]-c.high) > 5e-5 {
				t.Errorf("%v, want [%g %g]", got, c.low, c.high)
			}
			if c.count == 0 && got[0] != 0 || c.count == c.n && got[1] != 1 {
				t.Errorf("%v does not end at the rate itself", got)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	all := distances([]float64{.2, math.Inf(1), .4, .6}, []float64{1})
	got := describe(all, genuine)
	if got.Count != 4 || got.Failed != 1 || math.Abs(*got.Mean-.4) > 1e-12 || math.Abs(*got.SD-.2) > 1e-12 {
		t.Errorf("genuine %+v, mean %g, sd %g; want 4 with 1 failed, 0.4 and 0.2", got, *got.Mean, *got.SD)
	}
	if got = describe(all, impostor); got.Count != 1 || *got.Mean != 1 || *got.SD != 0 {
		t.Errorf("one impostor: %+v", got)
	}
	if got = describe(distances([]float64{math.Inf(1)}, nil), genuine); got.Failed != 1 || got.Mean != nil || got.SD != nil {
		t.Errorf("failures alone: %+v, want no mean", got)
	}
}
