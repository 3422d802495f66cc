package attribute

import (
	"fmt"

	"github.com/visagedb/visage/internal/face"
)

// read makes an estimate of what a head says.
func (h Head) read(values []float32) (face.Estimate, error) {
	switch {
	case h.Attribute != face.Age:
		return h.labelled(values)
	case h.Years == 0:
		return face.Estimate{Years: float64(values[0])}, nil
	}
	// The mean of the years by their probabilities (Rothe et al., DEX, 2015;
	// deepface/models/demography/Age.py, find_apparent_age).
	years := 0.0
	for year, p := range values {
		years += float64(year) * float64(p)
	}
	return face.Estimate{Years: years}, nil
}

// labelled brings probabilities to 100 together, and names the largest.
func (h Head) labelled(values []float32) (face.Estimate, error) {
	sum, best := 0.0, 0
	for i, p := range values {
		if p < 0 {
			return face.Estimate{}, fmt.Errorf("the graph gives %g for %s, which is no probability", p, h.Labels[i])
		}
		sum += float64(p)
		if p > values[best] {
			best = i
		}
	}
	if sum == 0 {
		return face.Estimate{}, fmt.Errorf("the graph gives no label any probability")
	}
	percent := make(map[string]float64, len(values))
	for i, p := range values {
		percent[h.Labels[i]] = 100 * float64(p) / sum
	}
	return face.Estimate{Percent: percent, Dominant: h.Labels[best]}, nil
}
