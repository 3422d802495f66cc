package search

import (
	"math"

	"github.com/visagedb/visage/internal/face"
)

// Confidence turns a distance into a figure for display, from 100 at distance
// 0 over 50 at the threshold to 0 at the metric's largest distance; it falls
// steadily and without a jump. It is not a probability: it says where the
// distance lies between "the same picture" and "as far apart as can be", not
// how likely the two faces are one person's.
//
// The parts between are straight lines. Raw euclidean has no largest distance;
// beyond the threshold its figure is 50 threshold/distance. Figures are
// rounded to two decimals.
func Confidence(t face.Threshold, distance float64) float64 {
	var c float64
	switch {
	case distance <= 0:
		c = 100
	case distance <= t.Distance:
		c = 100 - 50*distance/t.Distance
	case t.Metric == face.Euclidean:
		c = 50 * t.Distance / distance
	case distance < largest(t.Metric):
		c = 50 * (largest(t.Metric) - distance) / (largest(t.Metric) - t.Distance)
	}
	return math.Round(c*100) / 100
}

// largest is the largest distance that a bounded metric can give.
func largest(metric face.Metric) float64 {
	if metric == face.Angular {
		return 1
	}
	return 2
}
