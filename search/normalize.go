package search

import (
	"math"
	"slices"
)

// MinMax brings an embedding's components from the range that a model gives
// them to [0,1], as DeepFace's represent does with minmax_normalize: it holds
// each within [least,most] and maps least to 0 and most to 1. The range is the
// registry's; least must be below most. Where UnitLength is wanted too, it comes
// after. The embedding stays as it is.
func MinMax(v []float32, least, most float64) []float32 {
	mapped := make([]float32, len(v))
	for i, x := range v {
		mapped[i] = float32((min(most, max(least, float64(x))) - least) / (most - least))
	}
	return mapped
}

// UnitLength divides an embedding by its Euclidean length, as DeepFace's
// represent does with l2_normalize. An embedding of nothing but zeros comes back
// as it is. The result is a copy.
func UnitLength(v []float32) []float32 {
	length := math.Sqrt(squareOf(v))
	if length == 0 {
		return slices.Clone(v)
	}
	divided := make([]float32, len(v))
	for i, x := range v {
		divided[i] = float32(float64(x) / length)
	}
	return divided
}
