package eval

import "math"

// Distribution describes the distances of one kind of comparisons. Mean and SD
// are over those that could be made, and null where none could; SD is the
// standard deviation with n-1, and 0 for one comparison.
type Distribution struct {
	Count  int      `json:"count"`
	Failed int      `json:"failed"` // comparisons with a photograph that failed
	Mean   *float64 `json:"mean"`
	SD     *float64 `json:"sd"`
}

func genuine(c comparison) bool  { return c.same }
func impostor(c comparison) bool { return !c.same }

// describe computes the distribution of the comparisons of a kind.
func describe(comparisons []comparison, kind func(comparison) bool) Distribution {
	var (
		result       Distribution
		mean, spread float64 // Welford's running mean and sum of squared deviations
		made         float64
	)
	for _, c := range comparisons {
		if !kind(c) {
			continue
		}
		result.Count++
		if math.IsInf(c.distance, 1) {
			result.Failed++
			continue
		}
		made++
		off := c.distance - mean
		mean += off / made
		spread += off * (c.distance - mean)
	}
	if made > 0 {
		sd := math.Sqrt(spread / max(1, made-1))
		result.Mean, result.SD = &mean, &sd
	}
	return result
}
