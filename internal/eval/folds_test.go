package eval

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestCrossValidatePerfect(t *testing.T) {
	t.Parallel()
	var all []comparison
	for i := range 30 {
		all = append(all, comparison{.1 + float64(i)/1000, true}, comparison{.9 + float64(i)/1000, false}, comparison{.8, false})
	}
	got := crossValidate(all)
	if got.mean != 1 || got.folds != 10 || got.standardError == nil || *got.standardError != 0 {
		t.Errorf("%+v, want 1 over ten folds with no error", got)
	}
}

// By hand: in each fold there is one genuine pair at .1 and one impostor at .9,
// but for the first fold, where they are swapped. Its threshold, learnt on the
// others, decides both wrongly; the others' thresholds decide both rightly.
func TestCrossValidateByHand(t *testing.T) {
	t.Parallel()
	var all []comparison
	for i := range folds {
		near, far := .1, .9
		if i == 0 {
			near, far = far, near
		}
		all = append(all, comparison{near, true}, comparison{far, false})
	}
	got := crossValidate(all)
	// nine ones and a zero: standard deviation sqrt(.1), over sqrt(10)
	if math.Abs(got.mean-.9) > 1e-12 || math.Abs(*got.standardError-.1) > 1e-12 {
		t.Errorf("%g +- %g, want 0.9 +- 0.1", got.mean, *got.standardError)
	}
}

// Without signal the accuracy is that of guessing the commoner kind at best:
// it does not profit from having seen the fold that it is tested on.
func TestCrossValidateRandom(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 12))
	var all []comparison
	for i := range 4000 {
		all = append(all, comparison{r.Float64(), i%2 == 0})
	}
	if got := crossValidate(all); math.Abs(got.mean-.5) > .03 {
		t.Errorf("accuracy %g of random distances", got.mean)
	}
}

func TestCrossValidateTooFew(t *testing.T) {
	t.Parallel()
	var all []comparison
	for i := range 100 {
		all = append(all, comparison{.5 + float64(i)/100, false})
	}
	for range 9 {
		all = append(all, comparison{.1, true})
	}
	got := crossValidate(all)
	if got.mean != 1 || got.folds != 1 || got.standardError != nil {
		t.Errorf("%+v, want 1 without folds", got)
	}
	if got = crossValidate(append(all, comparison{.1, true})); got.folds != 10 {
		t.Errorf("%d folds with ten genuine pairs, want 10", got.folds)
	}
}

// Every fold has its share of both kinds, and every comparison is in one.
func TestDeal(t *testing.T) {
	t.Parallel()
	var all []comparison
	for i := range 57 {
		all = append(all, comparison{float64(i), i < 13})
	}
	seen := map[float64]int{}
	for i, part := range deal(all) {
		var same, different int
		for _, c := range part {
			seen[c.distance]++
			if c.same {
				same++
			} else {
				different++
			}
		}
		if same < 1 || same > 2 || different < 4 || different > 5 {
			t.Errorf("fold %d has %d genuine and %d impostor pairs", i, same, different)
		}
	}
	for d := range 57 {
		if seen[float64(d)] != 1 {
			t.Errorf("comparison %d is in %d folds", d, seen[float64(d)])
		}
	}
}
