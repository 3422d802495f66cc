package attribute

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// read makes an estimate of what a head says.
func (h Head) read(values []float32) (face.Estimate, error) {
	if h.Attribute == face.Age && len(values) == 1 {
		return face.Estimate{Years: float64(values[0]) * cmp.Or(h.Times, 1)}, nil
	}
	p := probabilities(values, h.Logits)
	if h.Attribute != face.Age {
		return h.labelled(p)
	}
	// The mean of the years by their probabilities (Rothe et al., DEX, 2015;
	// deepface/models/demography/Age.py, find_apparent_age).
	years := 0.0
	for i, p := range p {
		year := float64(i)
		if len(h.Ages) > 0 {
			year = h.Ages[i]
		}
		years += year * p
	}
	return face.Estimate{Years: years}, nil
}

// probabilities are the values, or what their logits make of them.
func probabilities(values []float32, logits bool) []float64 {
	out, sum, most := make([]float64, len(values)), 0.0, float64(slices.Max(values))
	for i, v := range values {
		if out[i] = float64(v); logits {
			out[i] = math.Exp(float64(v) - most) // the largest is 1, so that none overflows
			sum += out[i]
		}
	}
	for i := range out {
		if logits {
			out[i] /= sum
		}
	}
	return out
}

// labelled brings probabilities to 100 together, and names the largest. What has the
// same label in several classes is added up.
func (h Head) labelled(values []float64) (face.Estimate, error) {
	sum, percent := 0.0, make(map[string]float64, len(values))
	for i, p := range values {
		if p < 0 {
			return face.Estimate{}, fmt.Errorf("the graph gives %g for %s, which is no probability", p, h.Labels[i])
		}
		sum += p
		percent[h.Labels[i]] += p
	}
	if sum == 0 {
		return face.Estimate{}, fmt.Errorf("the graph gives no label any probability")
	}
	best := h.Labels[0]
	for _, label := range h.Labels {
		if percent[label] > percent[best] {
			best = label
		}
	}
	for label := range percent {
		percent[label] *= 100 / sum
	}
	return face.Estimate{Percent: percent, Dominant: best}, nil
}
