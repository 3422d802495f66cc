package search

import (
	"math"

	"github.com/visagedb/visage/internal/face"
)

// nearby counts templates near a probe.
type nearby struct{ all, mates int }

// part is how much was found of what there was.
type part struct{ found, all int }

func (p *part) add(found, all int) {
	p.found += min(found, all)
	p.all += all
}

func (p part) share() float64 { return float64(p.found) / float64(p.all) }

// tally is what was found of the nearest, and of the mates, over some probes.
type tally struct {
	probes, mated  int // mated are those that have mates
	nearest, mates part
}

// add counts one probe.
func (t *tally) add(want, got nearby) {
	t.nearest.add(got.all, want.all)
	t.mates.add(got.mates, want.mates)
	t.probes++
	if want.mates > 0 {
		t.mated++
	}
}

func (t *tally) hasMates() bool { return 2*t.mated >= t.probes }

// promised is the share that counts and how many probes it is of: that of the
// mates, or of the nearest where fewer than half of the probes have mates.
func (t *tally) promised() (share float64, probes int) {
	if t.hasMates() {
		return t.mates.share(), t.mated
	}
	return t.nearest.share(), t.probes
}

func (t *tally) point(efSearch int) face.RecallPoint {
	share, probes := t.promised()
	low, _ := wilson(share, probes)
	p := face.RecallPoint{EfSearch: efSearch, Recall: t.nearest.share(), Promise: low}
	if t.hasMates() {
		p.MateRecall = &share
	}
	return p
}

// decided says whether the tallies, by ascending ef_search, tell which is the first
// to keep face.DefaultMinRecall, or that none does.
func decided(tallies []tally) bool {
	for i := range tallies {
		if tallies[i].nearest.all == 0 {
			return true
		}
		low, high := wilson(tallies[i].promised())
		switch {
		case low >= face.DefaultMinRecall:
			return true
		case high >= face.DefaultMinRecall:
			return false
		}
	}
	return true
}

// surely is the standard normal deviate of 95 %, one-sided.
const surely = 1.6449

// wilson bounds a share that n probes had: it is above low and below high with a
// confidence of 95 % each (E. B. Wilson, Probable inference, the law of succession,
// and statistical inference, JASA 22, 1927). The probes are what is drawn by chance:
// what one has is found or missed together, because those near it are near each
// other in the graph.
func wilson(share float64, n int) (low, high float64) {
	z, count := surely*surely, float64(n)
	middle := share + z/(2*count)
	reach := math.Sqrt(z*share*(1-share)/count + z*z/(4*count*count))
	return max(0, (middle-reach)/(1+z/count)), min(1, (middle+reach)/(1+z/count))
}
