package cv_test

import (
	"math"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

// Half of five columns is two, halves going to even; they are the means of
// columns 0 and 1, and of 2 and 3. Resize would take two and a half columns each.
func TestScaleSamplesAtTheFactor(t *testing.T) {
	t.Parallel()
	photo := grey(t, 5, 4, func(x, _ int) byte { return []byte{10, 30, 100, 140, 255}[x] })
	small, err := photo.Scale(0.5, cv.Area)
	at := greyAt(t, small, err)
	if small.Width() != 2 || small.Height() != 2 || at(0, 1) != 20 || at(1, 0) != 120 {
		t.Errorf("%dx%d of %d and %d, want 2x2 of 20 and 120", small.Width(), small.Height(), at(0, 1), at(1, 0))
	}
}

func TestScaleRefuses(t *testing.T) {
	t.Parallel()
	photo := grey(t, 5, 1, func(int, int) byte { return 0 })
	for _, by := range []float64{0, -1, 0.5, 1e-9, 1e9, math.NaN(), math.Inf(1)} {
		if small, err := photo.Scale(by, cv.Bilinear); err == nil {
			t.Errorf("by %g: %dx%d", by, small.Width(), small.Height())
		}
	}
}
