package eval

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// comparison is one pair's outcome. The distance of a pair with a photograph
// that failed is infinite, so that it matches at no threshold.
type comparison struct {
	distance float64
	same     bool
}

// step says how many comparisons of each kind match at the threshold d, that
// is, have a distance of at most d.
type step struct {
	d        float64
	genuine  int
	impostor int
}

// curve has what every threshold does: its first step matches nothing, the
// following ones take in one distinct distance each, the last one everything.
type curve struct {
	steps    []step
	genuine  int // all genuine comparisons
	impostor int // all impostor comparisons
}

func newCurve(comparisons []comparison) curve {
	sorted := slices.Clone(comparisons)
	slices.SortFunc(sorted, func(a, b comparison) int { return cmp.Compare(a.distance, b.distance) })
	now := step{d: math.Inf(-1)}
	steps := []step{now}
	for i, c := range sorted {
		if c.same {
			now.genuine++
		} else {
			now.impostor++
		}
		if i+1 == len(sorted) || sorted[i+1].distance != c.distance {
			now.d = c.distance
			steps = append(steps, now)
		}
	}
	return curve{steps: steps, genuine: now.genuine, impostor: now.impostor}
}

// auc is the Mann-Whitney statistic over the number of genuine-impostor
// couples: the probability that the genuine pair of such a couple is the closer
// one, equal distances counting half.
func (c curve) auc() float64 {
	twice := 0 // the statistic, doubled to stay whole
	for i := 1; i < len(c.steps); i++ {
		genuine := c.steps[i].genuine - c.steps[i-1].genuine
		equal := c.steps[i].impostor - c.steps[i-1].impostor
		farther := c.impostor - c.steps[i].impostor
		twice += genuine * (2*farther + equal)
	}
	return float64(twice) / 2 / float64(c.genuine) / float64(c.impostor)
}

// fmr and fnmr are the rates at a step.
func (c curve) fmr(s step) float64  { return float64(s.impostor) / float64(c.impostor) }
func (c curve) fnmr(s step) float64 { return float64(c.genuine-s.genuine) / float64(c.genuine) }

// eer is where FMR and FNMR are equal, on straight lines between the steps. At
// the first step FMR is 0 and FNMR 1, at the last it is the other way round, so
// there is always a crossing.
func (c curve) eer() float64 {
	i := sort.Search(len(c.steps), func(i int) bool { return c.fmr(c.steps[i]) >= c.fnmr(c.steps[i]) })
	before, after := c.steps[i-1], c.steps[i]
	gapBefore := c.fnmr(before) - c.fmr(before)
	gapAfter := c.fmr(after) - c.fnmr(after)
	share := gapBefore / (gapBefore + gapAfter)
	return c.fmr(before) + share*(c.fmr(after)-c.fmr(before))
}

// finite are the steps that a threshold can be put at.
func (c curve) finite() []step {
	if last := len(c.steps) - 1; math.IsInf(c.steps[last].d, 1) {
		return c.steps[:last]
	}
	return c.steps
}

// best returns the step with the most right decisions; of several the one with
// the widest gap to the next distance, since it is the least chancy.
func (c curve) best() int {
	at, most, widest := 0, -1, 0.0
	for i, s := range c.finite() {
		right := s.genuine + c.impostor - s.impostor
		gap := c.gap(i)
		if right > most || right == most && gap > widest {
			at, most, widest = i, right, gap
		}
	}
	return at
}

// gap is the room for a threshold between a step and the next one. There is
// none to speak of before the first distance and beyond the last.
func (c curve) gap(i int) float64 {
	if i == 0 || i+1 >= len(c.finite()) {
		return 0
	}
	return c.steps[i+1].d - c.steps[i].d
}

// threshold returns the threshold of a step: half-way to the next distance,
// the last distance itself where none follows, and for the first step half the
// smallest distance, or -1 if that is 0.
func (c curve) threshold(i int) float64 {
	switch {
	case i+1 >= len(c.finite()):
		return max(0, c.steps[i].d)
	case i == 0 && c.steps[1].d == 0:
		return -1
	case i == 0:
		return c.steps[1].d / 2
	}
	low, high := c.steps[i].d, c.steps[i+1].d
	if middle := low + (high-low)/2; middle < high {
		return middle
	}
	return low
}

// under returns the last step with at most the given share of false matches.
func (c curve) under(fmr float64) int {
	allowed := int(fmr*float64(c.impostor) + 1e-9) // 0.29 * 100 is 28.999...
	steps := c.finite()
	return sort.Search(len(steps), func(i int) bool { return steps[i].impostor > allowed }) - 1
}

// at returns the step that a threshold falls on: the last distance within it.
func (c curve) at(threshold float64) step {
	i := sort.Search(len(c.steps), func(i int) bool { return c.steps[i].d > threshold })
	return c.steps[i-1]
}
