package quality_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/quality"
	"github.com/visagedb/visage/internal/facedraw"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

func crop(t testing.TB, picture image.Image) *cv.Image {
	t.Helper()
	var data bytes.Buffer
	if err := png.Encode(&data, picture); err != nil {
		t.Fatal(err)
	}
	m, err := cv.Decode(data.Bytes(), cv.Limits{Bytes: 1 << 24, Pixels: 1 << 24})
	if err != nil {
		t.Fatal(err)
	}
	return closing(t, m)
}

func closing(t testing.TB, m *cv.Image) *cv.Image {
	t.Helper()
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func measure(t testing.TB, m *cv.Image) quality.Pixels {
	t.Helper()
	p, err := quality.Measure(m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func sharpness(t *testing.T, m *cv.Image) float64 {
	t.Helper()
	return measure(t, m).Sharpness
}

// portrait is a drawn face that fills a picture.
func portrait(side int, levels func(float64) float64) image.Image {
	drawn := facedraw.NewPerson(1).Render(facedraw.NewView(1), side)
	for i, v := range drawn.Pix {
		if i%4 != 3 {
			drawn.Pix[i] = uint8(levels(float64(v)))
		}
	}
	return drawn
}

func asIs(v float64) float64 { return v }

// The more a face is blurred the less sharp it is, down to next to nothing.
func TestSharpnessFallsWithBlur(t *testing.T) {
	t.Parallel()
	m := crop(t, portrait(112, asIs))
	last := sharpness(t, m)
	if last < 0.4 || last > 1 {
		t.Errorf("in focus: %.3f", last)
	}
	for _, deviation := range []float64{0.7, 1.5, 3, 6} {
		s := sharpness(t, closing(t, m.Blur(deviation)))
		if s >= last {
			t.Errorf("blurred by %g: %.3f, less blurred %.3f", deviation, s, last)
		}
		last = s
	}
	if last > 0.03 {
		t.Errorf("blurred by 6 pixels: %.3f", last)
	}
}

// A face in poor light is hardly less sharp, and as sharp is one in a larger
// crop; an enlarged one is not.
func TestSharpnessIsOfTheFace(t *testing.T) {
	t.Parallel()
	bright := sharpness(t, crop(t, portrait(112, asIs)))
	poor := crop(t, portrait(112, func(v float64) float64 { return 20 + v/4 }))
	dark := sharpness(t, poor)
	if dark < 0.5*bright || dark > bright {
		t.Errorf("sharpness %.3f in good light, %.3f in poor", bright, dark)
	}
	if blurred := sharpness(t, closing(t, poor.Blur(6))); blurred > 0.03 {
		t.Errorf("blurred and in poor light: %.3f", blurred)
	}
	if large := sharpness(t, crop(t, portrait(448, asIs))); math.Abs(bright-large) > 0.1 {
		t.Errorf("sharpness %.3f of 112 pixels, %.3f of 448", bright, large)
	}
	if small := sharpness(t, crop(t, portrait(24, asIs))); small > 0.7*bright {
		t.Errorf("sharpness %.3f of 112 pixels, %.3f of 24", bright, small)
	}
}

// Whatever is cut out has a sharpness between 0 and 1.
func TestSharpnessOfWhatIsNoFace(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{1, 1}, {1, 3000}, {3000, 1}, {112, 112}, {8, 112}} {
		picture := image.NewGray(image.Rectangle{Max: size})
		if s := sharpness(t, crop(t, picture)); s != 0 {
			t.Errorf("a black picture of %v has the sharpness %g", size, s)
		}
		for i := range picture.Pix {
			picture.SetGray(i%size.X, i/size.X, color.Gray{Y: uint8(i * i * 37)})
		}
		if s := sharpness(t, crop(t, picture)); !(s >= 0 && s <= 1) {
			t.Errorf("a picture of %v has the sharpness %g", size, s)
		}
	}
}
