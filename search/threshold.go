package search

import (
	"fmt"
	"math"

	"github.com/visagedb/visage/internal/face"
)

// ChooseThreshold returns the threshold to decide by in a metric, of those that
// are known for a space: the one that was set in the metric itself, with its
// curve, or else the first that can be converted to it; see ConvertThreshold.
//
// It returns Invalid for an unknown metric, for a threshold in the metric that
// is not a finite distance of at least 0, and where nothing known leads to the
// metric.
func ChooseThreshold(known face.Thresholds, metric face.Metric, space face.Space) (face.Threshold, error) {
	if _, err := face.ParseMetric(string(metric)); err != nil {
		return face.Threshold{}, err
	}
	if own, found := known.In(metric); found {
		return ConvertThreshold(own, metric, space)
	}
	for _, other := range known {
		if converted, err := ConvertThreshold(other, metric, space); err == nil {
			return converted, nil
		}
	}
	return face.Threshold{}, face.Errorf(face.Invalid,
		"no threshold is known for templates of %s by %s: give one (--threshold)", space.Name(), metric)
}

// ConvertThreshold expresses a space's threshold in another metric, so that a
// decision does not depend on the metric it is asked in. The three metrics of
// direction are monotone in each other:
//
//	euclidean_l2 = sqrt(2 cosine)    angular = acos(1 - cosine) / pi
//
// Raw euclidean equals euclidean_l2 where the space's templates have length 1;
// elsewhere no threshold follows from another metric's. The result's Source
// says what it was derived from; it has no Curve, since a curve is of one metric.
// A threshold that is in the metric already comes back unchanged.
//
// It returns Invalid where the threshold is absent (no metric), is not a
// finite distance of at least 0, or cannot be converted.
func ConvertThreshold(t face.Threshold, to face.Metric, space face.Space) (face.Threshold, error) {
	if _, err := face.ParseMetric(string(to)); err != nil {
		return face.Threshold{}, err
	}
	if t.Metric == "" {
		return face.Threshold{}, face.Errorf(face.Invalid,
			"no threshold is known for templates of %s: give one for the metric %s", space.Name(), to)
	}
	if _, err := face.ParseMetric(string(t.Metric)); err != nil {
		return face.Threshold{}, err
	}
	if !(t.Distance >= 0) || math.IsInf(t.Distance, 1) {
		return face.Threshold{}, face.Errorf(face.Invalid,
			"threshold %g is not a distance: give a number of at least 0", t.Distance)
	}
	if t.Metric == to {
		return t, nil
	}
	if !space.Unit && (t.Metric == face.Euclidean || to == face.Euclidean) {
		return face.Threshold{}, face.Errorf(face.Invalid,
			"no threshold is known for templates of %s by %s, and none follows from %s because they are not of length 1: give one",
			space.Name(), to, t.Metric)
	}
	return face.Threshold{
		Metric:   to,
		Distance: fromSquared(to, squared(t.Metric, t.Distance)),
		Source:   fmt.Sprintf("%s; derived from %s %.6g", t.Source, t.Metric, t.Distance),
	}, nil
}

// squared turns a distance into the square of the Euclidean distance between
// the two templates: of the templates as stored for raw euclidean, of their
// directions for the others. It is twice the cosine distance.
func squared(metric face.Metric, distance float64) float64 {
	switch metric {
	case face.Cosine:
		return 2 * distance
	case face.Angular:
		return 2 - 2*math.Cos(math.Pi*min(1, distance))
	default:
		return distance * distance
	}
}

// fromSquared is the inverse of squared.
func fromSquared(metric face.Metric, square float64) float64 {
	switch metric {
	case face.Cosine:
		return square / 2
	case face.Angular:
		return math.Acos(max(-1, 1-square/2)) / math.Pi
	default:
		return math.Sqrt(square)
	}
}
