package eval

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// distances makes comparisons out of genuine and impostor distances.
func distances(same, different []float64) []comparison {
	var all []comparison
	for _, d := range same {
		all = append(all, comparison{d, true})
	}
	for _, d := range different {
		all = append(all, comparison{d, false})
	}
	return all
}

// The wanted figures are counted by hand.
func TestCurveByHand(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	for _, c := range []struct {
		name            string
		same, different []float64
		auc, eer        float64
		correct         float64 // of the best threshold
		threshold       float64
	}{
		{"perfect", []float64{.1, .2, .3}, []float64{.5, .6}, 1, 0, 1, .4},
		{"upside down", []float64{.5, .6}, []float64{.1, .2}, 0, 1, .5, .05},
		{"all equal", []float64{.5, .5}, []float64{.5, .5}, .5, .5, .5, .25},
		// of the 4 couples the genuine pair is closer in 3
		{"one swapped", []float64{.1, .3}, []float64{.22, .4}, .75, .5, .75, .16},
		// the couples (.2,.2) count half: 3.5 of 4; FNMR falls from 1/2 to 0 as FMR goes from 0 to 1/2
		{"tie", []float64{.1, .2}, []float64{.2, .3}, .875, .25, .75, .15},
		// failed: 1 of 2 genuine; couples: (.1,.3) 1, (.1,inf) 1, (inf,.3) 0, (inf,inf) half
		{"failures of both", []float64{.1, inf}, []float64{.3, inf}, .625, .5, .75, .2},
		{"all genuine failed", []float64{inf, inf}, []float64{.3, .4}, 0, 1, .5, .15},
		{"all failed", []float64{inf}, []float64{inf}, .5, .5, .5, 0},
		// 3 of 4 are right from .1 to .2 and from .8 to .95: the wider gap wins
		{"widest gap", []float64{.1, .8}, []float64{.2, .95}, .75, .5, .75, .875},
		{"at zero", []float64{0, 0}, []float64{1}, 1, 0, 1, .5},
		{"nothing may match", []float64{0}, []float64{0, 0}, .5, .5, 2. / 3, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := newCurve(distances(c.same, c.different))
			got := []float64{k.auc(), k.eer(), k.correct(k.steps[k.best()]), k.threshold(k.best())}
			for i, want := range []float64{c.auc, c.eer, c.correct, c.threshold} {
				if !(math.Abs(got[i]-want) < 1e-12) {
					t.Errorf("auc, eer, correct, threshold are %v, want %v", got, []float64{c.auc, c.eer, c.correct, c.threshold})
					break
				}
			}
		})
	}
}

// cases are random comparisons with many equal distances and some failures.
func cases(t *testing.T, check func(t *testing.T, all []comparison)) {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 300 {
		var all []comparison
		for range 2 + r.IntN(60) {
			c := comparison{same: r.IntN(3) == 0, distance: float64(r.IntN(25))/20 + 1}
			if c.same {
				c.distance -= .3
			}
			if r.IntN(12) == 0 {
				c.distance = math.Inf(1)
			}
			all = append(all, c)
		}
		all = append(all, comparison{.9, true}, comparison{1.1, false})
		t.Run(fmt.Sprint(i), func(t *testing.T) { check(t, all) })
	}
}

// The Mann-Whitney statistic, couple by couple.
func TestAUCAgainstCouples(t *testing.T) {
	t.Parallel()
	cases(t, func(t *testing.T, all []comparison) {
		var wins, couples float64
		for _, a := range all {
			for _, b := range all {
				if !a.same || b.same {
					continue
				}
				couples++
				switch {
				case a.distance < b.distance:
					wins++
				case a.distance == b.distance:
					wins += .5
				}
			}
		}
		if got := newCurve(all).auc(); math.Abs(got-wins/couples) > 1e-12 {
			t.Errorf("auc %g, couple by couple %g", got, wins/couples)
		}
	})
}

// rates counts the errors at a threshold, comparison by comparison.
func rates(all []comparison, threshold float64) (fmr, fnmr, correct float64) {
	var genuine, impostor, falseMatch, falseNonMatch float64
	for _, c := range all {
		matched := c.distance <= threshold
		switch {
		case c.same:
			genuine++
			if !matched {
				falseNonMatch++
			}
		default:
			impostor++
			if matched {
				falseMatch++
			}
		}
	}
	return falseMatch / impostor, falseNonMatch / genuine, 1 - (falseMatch+falseNonMatch)/(genuine+impostor)
}

// No threshold of a fine sweep does better than the best one, which does what
// it says.
func TestBestThresholdAgainstSweep(t *testing.T) {
	t.Parallel()
	cases(t, func(t *testing.T, all []comparison) {
		k := newCurve(all)
		claimed := k.correct(k.steps[k.best()])
		if _, _, got := rates(all, k.threshold(k.best())); math.Abs(got-claimed) > 1e-12 {
			t.Errorf("threshold %g decides %g rightly, not %g", k.threshold(k.best()), got, claimed)
		}
		for threshold := 0.0; threshold < 3; threshold += .01 {
			if _, _, got := rates(all, threshold); got > claimed+1e-12 {
				t.Errorf("threshold %g decides %g rightly, the best one only %g", threshold, got, claimed)
			}
		}
	})
}

// The EER lies between the rates on both sides of their crossing.
func TestEERAgainstSweep(t *testing.T) {
	t.Parallel()
	cases(t, func(t *testing.T, all []comparison) {
		low, high := 0.0, 1.0
		for threshold := 0.005; threshold < 3; threshold += .01 {
			fmr, fnmr, _ := rates(all, threshold)
			low = max(low, min(fmr, fnmr))
			high = min(high, max(fmr, fnmr))
		}
		if got := newCurve(all).eer(); got < low-1e-12 || got > high+1e-12 {
			t.Errorf("eer %g is not between %g and %g", got, low, high)
		}
	})
}

// The operating point for an FMR keeps it, and no threshold that keeps it
// accepts more.
func TestUnderAgainstSweep(t *testing.T) {
	t.Parallel()
	cases(t, func(t *testing.T, all []comparison) {
		k := newCurve(all)
		for _, target := range []float64{0, .001, .01, .1, .3, 1} {
			i := k.under(target)
			fmr, fnmr, _ := rates(all, k.threshold(i))
			if fmr > target || fmr != k.fmr(k.steps[i]) || fnmr != k.fnmr(k.steps[i]) {
				t.Errorf("target %g: threshold %g has fmr %g and fnmr %g, not %+v", target, k.threshold(i), fmr, fnmr, k.steps[i])
			}
			for threshold := 0.005; threshold < 3; threshold += .01 {
				if f, n, _ := rates(all, threshold); f <= target && n < fnmr {
					t.Errorf("target %g: threshold %g has fmr %g and fnmr %g, chosen was %g", target, threshold, f, n, fnmr)
				}
			}
		}
	})
}

// 29 of 100 is 0.29, though 0.29*100 is 28.999999999999996.
func TestUnderCountsWhole(t *testing.T) {
	t.Parallel()
	all := distances([]float64{0}, nil)
	for i := range 100 {
		all = append(all, comparison{float64(i+1) / 100, false})
	}
	k := newCurve(all)
	if got := k.steps[k.under(.29)].impostor; got != 29 {
		t.Errorf("%d false matches of 100 allowed at an FMR of 0.29, want 29", got)
	}
}

func TestCurveAtAThreshold(t *testing.T) {
	t.Parallel()
	k := newCurve(distances([]float64{.1, .2, math.Inf(1)}, []float64{.2, .3}))
	for threshold, want := range map[float64]step{
		0: {genuine: 0, impostor: 0}, .1: {genuine: 1}, .15: {genuine: 1}, .2: {genuine: 2, impostor: 1},
		.3: {genuine: 2, impostor: 2}, 1e9: {genuine: 2, impostor: 2},
	} {
		if got := k.at(threshold); got.genuine != want.genuine || got.impostor != want.impostor {
			t.Errorf("at %g: %+v, want %+v", threshold, got, want)
		}
	}
}

// Two distances with no number between them still get a threshold that parts
// them.
func TestThresholdBetweenNeighbours(t *testing.T) {
	t.Parallel()
	low := .3
	high := math.Nextafter(low, 1)
	k := newCurve(distances([]float64{low}, []float64{high}))
	if got := k.threshold(k.best()); got < low || got >= high {
		t.Errorf("threshold %v does not part %v and %v", got, low, high)
	}
}

func BenchmarkCurve(b *testing.B) {
	r := rand.New(rand.NewPCG(9, 10))
	all := make([]comparison, 100_000)
	for i := range all {
		all[i] = comparison{r.Float64(), i%10 == 0}
	}
	for b.Loop() {
		k := newCurve(all)
		_, _ = k.auc(), k.eer()
	}
}
