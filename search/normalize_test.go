package search_test

import (
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/search"
)

// Worked out by hand; the range and the clamping are those of section 1.5 of
// the parity reference (deepface.md).
func TestMinMax(t *testing.T) {
	t.Parallel()
	given := []float32{-3, -2, -1, 0, 2, 2.5}
	got := search.MinMax(given, -2, 2)
	if want := []float32{0, 0, 0.25, 0.5, 1, 1}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if want := []float32{-3, -2, -1, 0, 2, 2.5}; !slices.Equal(given, want) {
		t.Errorf("the embedding has become %v", given)
	}
	// VGG-Face's range: half of it is the middle.
	const most = 0.27054874177488775
	if got := search.MinMax([]float32{most / 2, 0, 1}, 0, most); !near(float64(got[0]), 0.5, 1e-7) || got[1] != 0 || got[2] != 1 {
		t.Errorf("VGG-Face's middle, least and more than most give %v, want 0.5, 0 and 1", got)
	}
}

func TestUnitLength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want []float32 }{
		{[]float32{3, -4}, []float32{0.6, -0.8}},
		{[]float32{0, 0, 0}, []float32{0, 0, 0}},
		{[]float32{0, math.SmallestNonzeroFloat32}, []float32{0, 1}},
		{[]float32{math.MaxFloat32, 0}, []float32{1, 0}},
		{nil, nil},
	} {
		before := slices.Clone(c.given)
		got := search.UnitLength(c.given)
		if !slices.Equal(got, c.want) || !slices.Equal(c.given, before) {
			t.Errorf("%v gives %v and has become %v, want %v", before, got, c.given, c.want)
		}
		if len(got) > 0 {
			got[0]++
			if !slices.Equal(c.given, before) {
				t.Errorf("the result shares its memory with %v", before)
			}
		}
	}
}

// The order of represent: minmax first, then the length.
func TestMinMaxThenUnitLength(t *testing.T) {
	t.Parallel()
	got := search.UnitLength(search.MinMax([]float32{-0.4, -2, 0.4, 9}, -1, 1)) // 0.3, 0, 0.7, 1
	length := math.Sqrt(0.3*0.3 + 0.7*0.7 + 1)
	for i, want := range []float64{0.3 / length, 0, 0.7 / length, 1 / length} {
		if !near(float64(got[i]), want, 1e-7) {
			t.Errorf("component %d is %g, want %g", i, got[i], want)
		}
	}
}
