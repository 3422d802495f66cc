package eval

import (
	"math"
	"testing"
)

// Ten comparisons, sorted by quality, of which three do not match: the worst, and
// one of the two that are level in the third and fourth place, and the best.
func tenGraded() []graded {
	sorted := make([]graded, 10)
	for i := range sorted {
		sorted[i].quality = float64(i)
	}
	sorted[3].quality = 2
	sorted[0].missed, sorted[3].missed, sorted[9].missed = true, true, true
	return sorted
}

func TestDiscardByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		share  float64
		left   int
		missed float64
		from   float64
	}{
		{0, 10, 3, 0}, {0.09, 10, 3, 0}, {0.1, 9, 2, 1}, {0.2, 8, 2, 2},
		{0.3, 7, 1.5, 2}, // either of the two that are level goes
		{0.4, 6, 1, 4}, {0.5, 5, 1, 5}, {1, 1, 1, 9},
	} {
		if d := discard(tenGraded(), c.share); d.left != c.left || math.Abs(d.missed-c.missed) > 1e-12 || d.from != c.from {
			t.Errorf("%g rejected: %+v, want %+v", c.share, d, c)
		}
	}
}

// At random 0.5 · 0.3; ideally 3, 2, 1, 0 of 10, 9, 8, 7, each from a tenth to the next
// hundredth before the next one: 0.095 · 0.3 + 0.1 · (2/9 + 1/8).
func TestRejection(t *testing.T) {
	t.Parallel()
	points, areas := rejection(tenGraded())
	ideal := 0.095*0.3 + 0.1*(2./9+1./8)
	if math.Abs(areas.Random-0.15) > 1e-9 || math.Abs(areas.Ideal-ideal) > 1e-9 || areas.Quality <= areas.Ideal || areas.Quality >= areas.Random {
		t.Errorf("%+v, ideal %g", areas, ideal)
	}
	if p := points[30]; p.Rejected != 0.3 || p.Comparisons != 7 || math.Abs(p.FNMR-1.5/7) > 1e-12 || p.IdealFNMR != 0 || p.MinQuality != 2 {
		t.Errorf("%+v", p)
	}
	if gain := areas.Gain(); gain == nil || *gain <= 0 || *gain >= 1 {
		t.Errorf("gain %v", gain)
	}
	if _, areas := rejection(make([]graded, 3)); areas != (Areas{}) || areas.Gain() != nil {
		t.Errorf("without a non-match: %+v", areas)
	}
}
