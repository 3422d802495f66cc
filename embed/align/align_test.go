package align

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open(); n != 0 {
		println("pictures left open:", n)
		code = 1
	}
	os.Exit(code)
}

// picture is m as a photograph that is closed at the test's end.
func picture(t testing.TB, m image.Image) *cv.Image {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	photo, err := cv.Decode(b.Bytes(), cv.Limits{Bytes: 1 << 24, Pixels: 1 << 24})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { photo.Close() })
	return photo
}

// filled is a grey picture whose pixel x,y is at(x, y).
func filled(w, h int, at func(x, y int) byte) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = at(i%w, i/w)
	}
	return m
}

// level is filled's at for one grey level everywhere.
func level(v byte) func(x, y int) byte { return func(int, int) byte { return v } }

// noise is a byte without order, the same on every run.
func noise(x, y int) byte { return byte((x*x*31 + y*y*17 + x*y*7 + x*53) >> 1) }

// greys reads a picture's first channel into Go's own type and closes it.
func greys(t *testing.T, m *cv.Image, err error) *image.Gray {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	pixels, err := m.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	n := m.Channels()
	return filled(m.Width(), m.Height(), func(x, y int) byte { return pixels[(y*m.Width()+x)*n] })
}

// same compares pictures to the byte.
func same(t *testing.T, got, want *image.Gray) {
	t.Helper()
	if got.Rect != want.Rect {
		t.Fatalf("got %v pixels, want %v", got.Rect, want.Rect)
	}
	for i := range want.Pix {
		if got.Pix[i] != want.Pix[i] {
			t.Fatalf("pixel %d,%d is %d, want %d", i%want.Stride, i/want.Stride, got.Pix[i], want.Pix[i])
		}
	}
}

// lit is a black picture with a few white pixels.
func lit(w, h int, white ...image.Point) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for _, p := range white {
		m.SetGray(p.X, p.Y, color.Gray{Y: 255})
	}
	return m
}

func apply(m cv.Affine, p face.Point) face.Point {
	x, y := m.At(float64(p.X), float64(p.Y))
	return face.Point{X: float32(x), Y: float32(y)}
}

// moved are the points, taken through a map.
func moved(m cv.Affine, points []face.Point) face.Landmarks {
	out := make(face.Landmarks, len(points))
	for i, p := range points {
		out[i] = apply(m, p)
	}
	return out
}

// distance is the largest difference of two maps' entries.
func distance(a, b cv.Affine) float64 {
	worst := 0.0
	for _, d := range []float64{a.A - b.A, a.B - b.B, a.C - b.C, a.D - b.D, a.E - b.E, a.F - b.F} {
		worst = max(worst, math.Abs(d))
	}
	return worst
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
