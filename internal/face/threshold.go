package face

import "slices"

// Threshold is the largest distance at which two templates of a space count as
// the same person's. It belongs to one recogniser, one profile and one metric.
type Threshold struct {
	Metric   Metric  `yaml:"metric" json:"metric"`
	Distance float64 `yaml:"distance" json:"distance"`
	// Source says where the figure comes from: a publication, a repository or
	// a calibration with its false match rate.
	Source string `yaml:"source" json:"source"`
	// Curve is how DeepFace turns distances by this metric into a confidence. It
	// is nil for every threshold that is not DeepFace's own.
	Curve *Curve `yaml:"curve" json:"curve,omitempty"`
}

// Curve holds the constants of DeepFace's confidence figure for one model and
// metric (serengil/deepface, config/confidence.py): a logistic curve of the
// distance, and the ranges that it has on pairs of one person and on pairs of
// two, in percent. See search.Confidence for the formula. The zero Curve stands
// for a model for which DeepFace has none: it says 51 or 49.
type Curve struct {
	W          float64 `yaml:"w" json:"w"`
	B          float64 `yaml:"b" json:"b"`
	Normalizer float64 `yaml:"normalizer" json:"normalizer"` // distances are divided by it where it is above 1
	MinTrue    float64 `yaml:"min_true" json:"min_true"`
	MaxTrue    float64 `yaml:"max_true" json:"max_true"`
	MinFalse   float64 `yaml:"min_false" json:"min_false"`
	MaxFalse   float64 `yaml:"max_false" json:"max_false"`
}

// Thresholds are those of one space, at most one for each metric.
type Thresholds []Threshold

// In returns the threshold that was set in the metric itself.
func (ts Thresholds) In(metric Metric) (Threshold, bool) {
	i := slices.IndexFunc(ts, func(t Threshold) bool { return t.Metric == metric })
	if i < 0 {
		return Threshold{}, false
	}
	return ts[i], true
}
