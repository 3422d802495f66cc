package search

import (
	"math"

	"github.com/visagedb/visage/internal/face"
)

// Confidence turns a distance into a figure for display, from 0 to 100 and
// rounded to two decimals: 50 or more where the distance is within the
// threshold, and less where it is not. It is not a probability.
//
// A threshold with a Curve is one that DeepFace comes with, and gives
// DeepFace's figure (deepface/modules/verification.py, find_confidence): at
// least 51 within the threshold and at most 49 beyond it, with a jump between.
// The curve belongs to its threshold: whoever sets another distance leaves it
// out. DeepFace itself keeps to its own threshold where the caller gives one,
// so that it may call two faces different with a confidence of 51 and more.
//
// Every other threshold gives a figure that falls steadily from 100 at distance
// 0 over 50 at the threshold to 0 at the metric's largest distance. It says
// where the distance lies between "the same picture" and "as far apart as can
// be". The parts between are straight lines. Raw euclidean has no largest
// distance; beyond the threshold its figure is 50 threshold/distance.
func Confidence(t face.Threshold, distance float64) float64 {
	c := 100.0
	switch {
	case distance <= 0: // within every threshold
	case t.Curve != nil:
		c = alongCurve(*t.Curve, distance, within(t, distance))
	default:
		c = alongLine(t, distance)
	}
	c = math.Round(c*100) / 100
	if !within(t, distance) {
		c = min(c, 49.99) // rounding must not reach the threshold's 50
	}
	return c
}

// DeepFace's figures for two faces of one person begin at leastSame, those for
// two people end at mostDifferent.
const (
	leastSame     = 51
	mostDifferent = 49
)

// alongCurve is DeepFace's figure for a distance above 0: the curve's percentage,
// stretched from the range that it has on pairs of the kind decided for to the
// range that is shown for that kind. A curve of nothing but zeros stands for a
// model for which DeepFace has none; the figure is then leastSame or
// mostDifferent.
func alongCurve(c face.Curve, distance float64, same bool) float64 {
	if c == (face.Curve{}) {
		if same {
			return leastSame
		}
		return mostDifferent
	}
	if c.Normalizer > 1 {
		distance /= c.Normalizer
	}
	percent := 100 / (1 + math.Exp(-(c.W*distance + c.B)))
	if same {
		shown := stretch(percent, c.MinTrue, c.MaxTrue, max(leastSame, c.MinTrue), 100)
		return min(100, max(leastSame, shown))
	}
	shown := stretch(percent, c.MinFalse, c.MaxFalse, 0, min(mostDifferent, math.Trunc(c.MaxFalse)))
	return max(0, min(mostDifferent, shown))
}

// stretch maps v linearly so that low becomes least and high becomes most.
func stretch(v, low, high, least, most float64) float64 {
	return (v-low)/(high-low)*(most-least) + least
}

// alongLine is the steady figure for a distance above 0.
func alongLine(t face.Threshold, distance float64) float64 {
	switch {
	case within(t, distance):
		return 100 - 50*distance/t.Distance
	case t.Metric == face.Euclidean:
		return 50 * t.Distance / distance
	case distance < largest(t.Metric):
		return 50 * (largest(t.Metric) - distance) / (largest(t.Metric) - t.Distance)
	default:
		return 0
	}
}

// largest is the largest distance that a bounded metric can give.
func largest(metric face.Metric) float64 {
	if metric == face.Angular {
		return 1
	}
	return 2
}
