package face

import "strings"

// Metric names a distance between two templates; smaller is closer. The four
// are DeepFace's.
type Metric string

// The metrics, with the range of their distance.
const (
	Cosine      Metric = "cosine"       // [0,2]
	Euclidean   Metric = "euclidean"    // [0,inf), on vectors as stored
	EuclideanL2 Metric = "euclidean_l2" // [0,2], on vectors of length 1
	Angular     Metric = "angular"      // [0,1], the angle over pi
)

var metrics = [...]Metric{Cosine, Euclidean, EuclideanL2, Angular}

// ParseMetric reads a metric's name. It returns Invalid for an unknown one.
func ParseMetric(name string) (Metric, error) {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		if name == string(m) {
			return m, nil
		}
		names[i] = string(m)
	}
	return "", Errorf(Invalid, "unknown metric %q: choose one of %s", name, strings.Join(names, ", "))
}
