package cv_test

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"gocv.io/x/gocv"
)

// grey is a picture whose pixel x,y is at(x, y), closed at the test's end.
func grey(t testing.TB, w, h int, at func(x, y int) byte) *cv.Image {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = at(i%w, i/w)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	photo, err := cv.Decode(b.Bytes(), limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { photo.Close() })
	return photo
}

// greyAt reads pixels of a picture's first channel, and closes it at the test's
// end.
func greyAt(t testing.TB, m *cv.Image, err error) func(x, y int) int {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	pixels, err := m.Pixels()
	if err != nil {
		t.Fatal(err)
	}
	return func(x, y int) int { return int(pixels[(y*m.Width()+x)*m.Channels()]) }
}

func spotted(x, y int) byte { return byte(40 + (x*x*37+y*y*11+x*y*5)%160) }

// keys is the cubic kernel of Keys 1981, "Cubic convolution interpolation for
// digital image processing", with a = -0.75, at a distance of d pixels.
func keys(d float64) float64 {
	const a = -0.75
	switch d = math.Abs(d); {
	case d <= 1:
		return (a+2)*d*d*d - (a+3)*d*d + 1
	case d < 2:
		return a*d*d*d - 5*a*d*d + 8*a*d - 4*a
	}
	return 0
}

// A picture moved by 0.25 and 0.5 pixels (OpenCV rounds places to 1/32) is the
// weighted sum of 4x4 pixels.
func TestWarpCubicSamplesByKeysKernel(t *testing.T) {
	t.Parallel()
	m := grey(t, 12, 12, spotted)
	out, err := m.WarpCubic(cv.Affine{A: 1, C: 0.25, E: 1, F: 0.5}, 12, 12)
	got := greyAt(t, out, err)
	for y := 3; y < 9; y++ {
		for x := 3; x < 9; x++ {
			want := 0.0
			for j := y - 3; j <= y+2; j++ {
				for i := x - 3; i <= x+2; i++ {
					want += float64(spotted(i, j)) * keys(float64(x)-0.25-float64(i)) * keys(float64(y)-0.5-float64(j))
				}
			}
			if want = min(max(want, 0), 255); math.Abs(float64(got(x, y))-want) > 0.51 {
				t.Fatalf("pixel %d,%d is %d, want %.2f", x, y, got(x, y), want)
			}
		}
	}
}

// Beside a sharp edge the cubic sum leaves the range and is cut, not wrapped.
func TestWarpCubicCutsOvershoot(t *testing.T) {
	t.Parallel()
	m := grey(t, 12, 4, func(x, _ int) byte { return byte(255 * (x / 6)) })
	out, err := m.WarpCubic(cv.Affine{A: 1, C: 0.5, E: 1}, 12, 4)
	got := greyAt(t, out, err)
	if got(5, 1) != 0 || got(7, 1) != 255 {
		t.Errorf("beside the edge: %d and %d", got(5, 1), got(7, 1))
	}
}

func TestRotationIsOpenCVs(t *testing.T) {
	t.Parallel()
	for _, about := range []image.Point{{}, {X: 20, Y: 7}, {X: -3, Y: 100}} {
		for _, degrees := range []float64{0, 90, -90, 45, 180, 53.13, -170.5, 400} {
			got := cv.Rotation(about, degrees)
			entries := []float64{got.A, got.B, got.C, got.D, got.E, got.F}
			want := gocv.GetRotationMatrix2D(about, degrees, 1)
			for i, v := range entries {
				if w := want.GetDoubleAt(i/3, i%3); math.Abs(v-w) > 1e-9 {
					t.Errorf("about %v by %v: entry %d is %v, want %v", about, degrees, i, v, w)
				}
			}
			want.Close()
		}
	}
}

// By hand: the matrix for 90 degrees about 4,6 takes x,y to y-2, 10-x.
func TestRotationByARightAngle(t *testing.T) {
	t.Parallel()
	x, y := cv.Rotation(image.Pt(4, 6), 90).At(3, 5)
	if math.Abs(x-3) > 1e-12 || math.Abs(y-7) > 1e-12 {
		t.Errorf("got %v,%v", x, y)
	}
}

// Windows inside, over each border and around the picture, of a picture cut
// from a larger one: what lies around it there must never show, even where the
// two share their memory.
func TestWindow(t *testing.T) {
	t.Parallel()
	whole, part := grey(t, 20, 16, spotted), image.Rect(4, 3, 14, 11)
	crop, err := whole.Crop(part)
	if err != nil {
		t.Fatal(err)
	}
	for name, m := range map[string]*cv.Image{"copy": crop, "view": whole.View(part)} {
		t.Cleanup(func() { m.Close() })
		for _, r := range []image.Rectangle{
			image.Rect(2, 2, 5, 6), image.Rect(0, 0, 10, 8), image.Rect(-3, 1, 4, 5), image.Rect(1, -2, 4, 5),
			image.Rect(8, 1, 15, 5), image.Rect(1, 6, 4, 12), image.Rect(-2, -3, 14, 15),
		} {
			out, err := m.Window(r)
			got := greyAt(t, out, err)
			for i := range r.Dx() * r.Dy() {
				x, y, want := i%r.Dx(), i/r.Dx(), 0
				if at := image.Pt(x, y).Add(r.Min); at.In(m.Bounds()) {
					want = int(spotted(at.X+4, at.Y+3))
				}
				if got(x, y) != want {
					t.Fatalf("%s, %v: pixel %d,%d is %d, want %d", name, r, x, y, got(x, y), want)
				}
			}
		}
	}
}

// By hand: half of 5x7 is 2 and 3, rounded down.
func TestPad(t *testing.T) {
	t.Parallel()
	out, err := grey(t, 5, 7, spotted).Pad(0.5)
	got := greyAt(t, out, err)
	if out.Width() != 9 || out.Height() != 13 {
		t.Fatalf("%dx%d pixels", out.Width(), out.Height())
	}
	if got(2, 3) != int(spotted(0, 0)) || got(6, 9) != int(spotted(4, 6)) || got(1, 3) != 0 || got(2, 2) != 0 || got(7, 9) != 0 || got(6, 10) != 0 {
		t.Error("the picture is not in the middle of black")
	}
}

// A picture moved almost as far as is allowed is gone, not wrapped around.
func TestWarpFarAway(t *testing.T) {
	t.Parallel()
	m := grey(t, 8, 8, spotted)
	for _, by := range []cv.Affine{
		{A: 1, C: 1<<20 - 10, E: 1}, {A: 1, E: 1, F: 10 - 1<<20}, {A: 1e-5, C: 1.5, E: 1e-5}, {A: 1e5, C: 1e6, E: 1e5},
	} {
		out, err := m.Warp(by, 8, 8)
		got := greyAt(t, out, err)
		for i := range 64 {
			if v := got(i%8, i/8); v != 0 {
				t.Fatalf("%+v: pixel %d is %d", by, i, v)
			}
		}
	}
}

func TestTransformsThatCannotBe(t *testing.T) {
	t.Parallel()
	m := grey(t, 8, 8, spotted)
	nan, inf := math.NaN(), math.Inf(1)
	for name, try := range map[string]func() (*cv.Image, error){
		"window beside":     func() (*cv.Image, error) { return m.Window(image.Rect(8, 0, 12, 4)) },
		"empty window":      func() (*cv.Image, error) { return m.Window(image.Rectangle{}) },
		"huge window":       func() (*cv.Image, error) { return m.Window(image.Rect(0, 0, cv.MaxSide+1, 1)) },
		"negative pad":      func() (*cv.Image, error) { return m.Pad(-0.5) },
		"pad without share": func() (*cv.Image, error) { return m.Pad(nan) },
		"huge pad":          func() (*cv.Image, error) { return m.Pad(1e300) },
		"pad over the side": func() (*cv.Image, error) { return m.Pad(cv.MaxSide / 8) },
		"warp by nothing":   func() (*cv.Image, error) { return m.Warp(cv.Affine{A: nan, E: 1}, 8, 8) },
		"warp far":          func() (*cv.Image, error) { return m.WarpCubic(cv.Affine{A: 1, C: inf, E: 1}, 8, 8) },
		"warp onto a line":  func() (*cv.Image, error) { return m.Warp(cv.Affine{A: 1, B: 2, D: 2, E: 4}, 8, 8) },
		"warp by zeros":     func() (*cv.Image, error) { return m.Warp(cv.Affine{}, 8, 8) },
		"warp from afar":    func() (*cv.Image, error) { return m.Warp(cv.Affine{A: 1, C: 1 << 21, E: 1}, 8, 8) },
		"warp from below":   func() (*cv.Image, error) { return m.Warp(cv.Affine{A: 1, E: 1, F: -1 << 21}, 8, 8) },
		"warp to a speck":   func() (*cv.Image, error) { return m.Warp(cv.Affine{A: 1e-6, E: 1e-6}, 8, 8) },
		"warp to no size":   func() (*cv.Image, error) { return m.WarpCubic(cv.Affine{A: 1, E: 1}, 0, 8) },
	} {
		if out, err := try(); err == nil {
			out.Close()
			t.Errorf("%s was done", name)
		}
	}
}
