package cv_test

import (
	"math"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

// Each float is its byte of the channel that is named, whatever the number of pixels.
func TestFloats(t *testing.T) {
	t.Parallel()
	to := cv.Together{From: [3]int{2, 0, 1}, Scale: [3]float32{0.5, 1, 2}, Shift: [3]float32{-1, 0, 3}}
	for _, width := range []int{1, 15, 16, 17, 50} {
		m := noise(t, width, 3)
		pixels, err := m.Pixels()
		check(t, err)
		out := make([]float32, len(pixels))
		check(t, m.Floats(out, to))
		for i, got := range out {
			c := i % 3
			if want := float32(pixels[i-c+to.From[c]])*to.Scale[c] + to.Shift[c]; math.Abs(float64(got-want)) > 1e-4 {
				t.Fatalf("%d pixels a row: float %d is %g, want %g", width, i, got, want)
			}
		}
		grey := m.Grey()
		t.Cleanup(func() { check(t, grey.Close()) })
		if m.Floats(out[1:], to) == nil || grey.Floats(out[:len(out)/3], to) == nil || m.Floats(out, cv.Together{From: [3]int{3}}) == nil {
			t.Error("floats were made of what does not fit")
		}
	}
}
