package cv_test

import (
	"fmt"
	"image"
	"image/color"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

func read(t *testing.T, data []byte) *cv.Source {
	t.Helper()
	source, err := cv.Read(data, limits)
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestReductions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ width, height, reduction, wantWidth, wantHeight int }{
		{160, 96, 1, 160, 96}, {160, 96, 2, 80, 48}, {160, 96, 4, 40, 24}, {160, 96, 8, 20, 12},
		{83, 61, 1, 83, 61}, {83, 61, 2, 42, 31}, {83, 61, 4, 21, 16}, {83, 61, 8, 11, 8},
		{1, 1, 8, 1, 1}, {3, 9, 2, 2, 5}, {9, 3, 8, 2, 1}, {17, 1, 4, 5, 1},
	} {
		name := fmt.Sprintf("%dx%d by %d", c.width, c.height, c.reduction)
		source := read(t, asJPEG(t, slope(c.width, c.height)))
		if source.Width() != c.width || source.Height() != c.height || !source.Reduces() {
			t.Errorf("%s: source of %dx%d, reduces %v", name, source.Width(), source.Height(), source.Reduces())
		}
		m, err := source.Decode(nil, c.reduction)
		got := rgba(t, m, err)
		if got.Bounds().Max != image.Pt(c.wantWidth, c.wantHeight) {
			t.Errorf("%s: %v, want %dx%d", name, got.Bounds().Max, c.wantWidth, c.wantHeight)
			continue
		}
		whole := decoded(t, asJPEG(t, slope(c.width, c.height)))
		for y := range c.height / c.reduction {
			for x := range c.width / c.reduction {
				a, b := got.RGBAAt(x, y), mean(whole, x, y, c.reduction)
				if d := max(absolute(a.R, b.R), absolute(a.G, b.G), absolute(a.B, b.B)); d > 3 {
					t.Fatalf("%s: %v at %d,%d, %v in the whole", name, a, x, y, b)
				}
			}
		}
	}
}

// mean is that of a square of pixels, with the given side, that counts as one.
func mean(m *image.RGBA, x, y, side int) color.RGBA {
	var r, g, b int
	for i := range side * side {
		c := m.RGBAAt(x*side+i%side, y*side+i/side)
		r, g, b = r+int(c.R), g+int(c.G), b+int(c.B)
	}
	n := side * side
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}

func absolute(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

// A reduced picture is turned as the whole one, and inks become colours.
func TestReducedJPEGs(t *testing.T) {
	t.Parallel()
	source := read(t, withSegment(asJPEG(t, quarters(64, 32)), 0xe1, "Exif\x00\x00"+tiffHeader(6)))
	if source.Width() != 32 || source.Height() != 64 {
		t.Errorf("source of %dx%d, want 32x64", source.Width(), source.Height())
	}
	m, err := source.Decode(nil, 4)
	if got := rgba(t, m, err); got.Bounds().Max != image.Pt(8, 16) || got.RGBAAt(6, 2).R < 200 || got.RGBAAt(6, 2).B > 50 {
		t.Errorf("turned: %v, %v at the top right, want red", got.Bounds().Max, got.RGBAAt(6, 2))
	}
	data := flatJPEG{width: 3, height: 2, blocks: inks, adobe: 0}.bytes()
	m, err = read(t, data).Decode(nil, 8)
	got, whole := rgba(t, m, err), decoded(t, data)
	for i := range inks {
		if a, b := got.RGBAAt(i%3, i/3), whole.RGBAAt(8*(i%3), 8*(i/3)); a != b {
			t.Errorf("ink %d: %v, %v in the whole", i, a, b)
		}
	}
}

func TestOtherKindsComeWhole(t *testing.T) {
	t.Parallel()
	m := slope(60, 40)
	for name, data := range map[string][]byte{"PNG": asPNG(t, m), "WebP": asWebP(t, m, 101), "TIFF": tiffPages(8, 1, m)} {
		source := read(t, data)
		picture, err := source.Decode(nil, 8)
		if d := difference(t, rgba(t, picture, err), m); d != 0 || source.Reduces() {
			t.Errorf("%s: %d levels off, reduces %v", name, d, source.Reduces())
		}
	}
}

func TestReductionsThatCannotBe(t *testing.T) {
	t.Parallel()
	source := read(t, asJPEG(t, slope(16, 16)))
	for _, reduction := range []int{-1, 0, 3, 16} {
		if m, err := source.Decode(nil, reduction); err == nil {
			t.Errorf("reduction %d was accepted", reduction)
			m.Close()
		}
	}
}
