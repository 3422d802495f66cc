package quality_test

import (
	"image"
	"image/color"
	"math"
	"testing"
)

// By hand: half of the pixels at 51 and half at 153 are 0.4 of white at the mean, 0.2
// off it. What lies around the face does not count.
func TestLight(t *testing.T) {
	t.Parallel()
	picture := image.NewGray(image.Rect(0, 0, 112, 112))
	for i := range picture.Pix {
		picture.Pix[i] = []byte{51, 153}[i%2]
	}
	for x := range 112 {
		picture.SetGray(x, 3, color.Gray{Y: 255})
	}
	p := measure(t, crop(t, picture))
	if math.Abs(p.Brightness-0.4) > 1e-6 || math.Abs(p.Contrast-0.2) > 1e-6 {
		t.Errorf("brightness %g, contrast %g; want 0.4 and 0.2", p.Brightness, p.Contrast)
	}
}

// A face that is dimmed loses brightness and contrast, and one that is all white
// has no contrast.
func TestLightIsOfTheLight(t *testing.T) {
	t.Parallel()
	last := measure(t, crop(t, portrait(112, asIs)))
	for _, share := range []float64{0.5, 0.2, 0.05} {
		p := measure(t, crop(t, portrait(112, func(v float64) float64 { return share * v })))
		if p.Brightness >= last.Brightness || p.Contrast >= last.Contrast {
			t.Errorf("at %g of the light: %+v, before %+v", share, p, last)
		}
		last = p
	}
	if p := measure(t, crop(t, portrait(112, func(float64) float64 { return 255 }))); p.Brightness != 1 || p.Contrast != 0 {
		t.Errorf("white: %+v", p)
	}
}

func BenchmarkMeasure(b *testing.B) {
	m := crop(b, portrait(112, asIs))
	for b.Loop() {
		measure(b, m)
	}
}
