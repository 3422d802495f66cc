package cv_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
)

// noise is a picture of random colours.
func noise(t testing.TB, width, height int) *cv.Image {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range m.Pix {
		m.Pix[i] = byte(random.Uint32()) | byte(255*(i%4/3))
	}
	out, err := cv.Decode(asPNG(t, m), cv.Limits{Bytes: 1 << 24, Pixels: 1 << 24})
	check(t, err)
	t.Cleanup(func() { check(t, out.Close()) })
	return out
}

// A region of whole pixels is scaled down as OpenCV does it by areas, up to one level
// of rounding, whatever the ratio and the channels.
func TestShrinkIsResizeByAreas(t *testing.T) {
	t.Parallel()
	colours := noise(t, 331, 257)
	grey := colours.Grey()
	t.Cleanup(func() { check(t, grey.Close()) })
	for _, m := range []*cv.Image{colours, grey} {
		for _, part := range []image.Rectangle{m.Bounds(), image.Rect(3, 5, 203, 211), image.Rect(100, 90, 228, 218), image.Rect(7, 1, 27, 21)} {
			for _, size := range []image.Point{{64, 64}, {112, 97}, {5, 7}, {1, 1}} {
				at := cv.Region{X: float64(part.Min.X), Y: float64(part.Min.Y), Width: float64(part.Dx()), Height: float64(part.Dy())}
				got, err := m.Shrink(at, size.X, size.Y)
				got2 := rgba(t, got, err)
				want, err := m.ResizePart(part, size.X, size.Y, cv.Area)
				if off := difference(t, got2, rgba(t, want, err)); off > 1 {
					t.Errorf("%v to %v of %d channels: %d levels off", part, size, m.Channels(), off)
				}
			}
		}
	}
}

// However many rows or columns make one pixel, white stays white, and so does every other
// grey.
func TestShrinkOfManyPixels(t *testing.T) {
	t.Parallel()
	for _, level := range []byte{255, 100} {
		for _, size := range []image.Point{{37, 3001}, {37, 20011}, {3001, 37}, {20011, 5}} {
			m := image.NewRGBA(image.Rectangle{Max: size})
			for i := range m.Pix {
				m.Pix[i] = level | byte(255*(i%4/3))
			}
			colours, err := cv.Decode(asPNG(t, m), cv.Limits{Bytes: 1 << 24, Pixels: 1 << 24})
			check(t, err)
			grey := colours.Grey()
			for _, picture := range []*cv.Image{colours, grey} {
				t.Cleanup(func() { check(t, picture.Close()) })
				for _, to := range []image.Point{{5, 1}, {1, 7}, {1500, 2}, {5, 1500}} {
					small, err := picture.Shrink(cv.Region{Width: float64(size.X), Height: float64(size.Y)}, to.X, to.Y)
					for i, got := range rgba(t, small, err).Pix {
						if i%4 != 3 && got != level {
							t.Fatalf("%v to %v pixels of %d channels: level %d, want %d", size, to, picture.Channels(), got, level)
						}
					}
				}
			}
		}
	}
}

// Half a pixel counts half, and what lies outside the picture not at all.
func TestShrinkTakesFractionsOfPixels(t *testing.T) {
	t.Parallel()
	m := image.NewRGBA(image.Rect(0, 0, 4, 1))
	copy(m.Pix, []byte{0, 0, 0, 255, 80, 80, 80, 255, 160, 160, 160, 255, 240, 240, 240, 255})
	picture, err := cv.Decode(asPNG(t, m), cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20})
	check(t, err)
	t.Cleanup(func() { check(t, picture.Close()) })
	for _, c := range []struct {
		at   cv.Region
		want [2]byte
	}{
		{cv.Region{Width: 4, Height: 1}, [2]byte{40, 200}},
		{cv.Region{X: 0.5, Width: 3, Height: 1}, [2]byte{53, 187}},
		{cv.Region{X: -2, Y: -1, Width: 4, Height: 3}, [2]byte{0, 40}},
	} {
		small, err := picture.Shrink(c.at, 2, 1)
		got := rgba(t, small, err)
		if got.Pix[0] != c.want[0] || got.Pix[4] != c.want[1] {
			t.Errorf("%v: %v, want %v", c.at, got.Pix, c.want)
		}
	}
	for what, at := range map[string]cv.Region{"nothing": {}, "beside": {X: 4, Width: 1, Height: 1}, "above": {Y: -1, Width: 1, Height: 1}} {
		if _, err := picture.Shrink(at, 2, 1); err == nil {
			t.Errorf("%s was shrunk", what)
		}
	}
	if _, err := picture.Shrink(cv.Region{Width: 4, Height: 1}, 0, 1); err == nil {
		t.Error("no pixel was made")
	}
}
