package eval

import (
	"cmp"
	"math"
	"slices"
)

// rejectedShares are those of the curve, in hundredths: to half of all.
const rejectedShares = 50

// graded is a genuine comparison with the quality of the worse of its two
// photographs.
type graded struct {
	quality float64
	missed  bool // it does not match
}

// discarded is what is left when the worst comparisons are rejected.
type discarded struct {
	left   int     // comparisons
	missed float64 // of them, that do not match
	from   float64 // the least quality of those that are left
}

func (d discarded) fnmr() float64 { return d.missed / float64(d.left) }

// discard rejects a share of comparisons, sorted by quality, those of the least
// quality; the number is rounded down, and one at least is left. Of those of one quality
// any may be rejected: the mean over all choices is taken.
func discard(sorted []graded, share float64) discarded {
	n := min(int(share*float64(len(sorted))+1e-9), len(sorted)-1)
	edge := sorted[n].quality
	first, missed, level, levelMissed := 0, 0, 0, 0
	for i, g := range sorted {
		one := 0
		if g.missed {
			one = 1
		}
		switch {
		case g.quality < edge:
			first = i + 1
		case g.quality == edge:
			level++
			levelMissed += one
		default:
			missed += one
		}
	}
	kept := float64(level-(n-first)) / float64(level)
	return discarded{left: len(sorted) - n, missed: float64(missed) + kept*float64(levelMissed), from: edge}
}

// QualityPoint is what is left after a share of the genuine comparisons was
// rejected.
type QualityPoint struct {
	Rejected    float64 `json:"rejected"` // share
	Comparisons int     `json:"comparisons"`
	// MinQuality is the least quality of those that are left.
	MinQuality float64 `json:"min_quality"`
	// FNMR is their false non-match rate: those of one quality counted as the mean
	// over all ways to reject some of them.
	FNMR         float64  `json:"fnmr"`
	FNMRInterval Interval `json:"fnmr_interval"`
	// IdealFNMR is that of a quality which finds all non-matches first.
	IdealFNMR float64 `json:"ideal_fnmr"`
}

// Areas are those under the curve of FNMR over the rejected share, from 0 to 0.5.
type Areas struct {
	Quality float64 `json:"quality"`
	Random  float64 `json:"random"` // of rejection at random, which leaves FNMR as it is
	Ideal   float64 `json:"ideal"`
}

// Gain is how much of the way from random to ideal rejection the quality goes: 0
// for one that tells nothing, 1 for the ideal, below 0 for one that misleads. It is nil
// where there is nothing to gain.
func (a Areas) Gain() *float64 {
	if a.Random <= a.Ideal {
		return nil
	}
	gain := (a.Random - a.Quality) / (a.Random - a.Ideal)
	return &gain
}

// rejection is the curve, and the areas under it by the trapezoidal rule, of at
// least one comparison.
func rejection(comparisons []graded) ([]QualityPoint, Areas) {
	sorted := slices.Clone(comparisons)
	slices.SortFunc(sorted, func(a, b graded) int { return cmp.Compare(a.quality, b.quality) })
	all := discard(sorted, 0)
	var points []QualityPoint
	var areas Areas
	for i := range rejectedShares + 1 {
		share := float64(i) / 100
		d := discard(sorted, share)
		ideal := max(0, all.missed-float64(len(sorted)-d.left)) / float64(d.left)
		points = append(points, QualityPoint{
			Rejected: share, Comparisons: d.left, MinQuality: d.from, FNMR: d.fnmr(),
			FNMRInterval: wilson(int(math.Round(d.missed)), d.left), IdealFNMR: ideal,
		})
		width := 0.01
		if i == 0 || i == rejectedShares {
			width /= 2
		}
		areas.Quality += width * d.fnmr()
		areas.Random += width * all.fnmr()
		areas.Ideal += width * ideal
	}
	return points, areas
}
