package align

import (
	"image"
	"math"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// By hand: where the picture lies. 55*(224/55) is a little below 224 in
// floating point, so that 223 remain.
func TestLetterboxPlaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h, width, height int
		want                image.Rectangle
	}{
		{4, 2, 8, 8, image.Rect(0, 2, 8, 6)},
		{2, 4, 8, 8, image.Rect(2, 0, 6, 8)},
		{3, 3, 4, 7, image.Rect(0, 1, 4, 5)},    // 3 rows left: 1 above, 2 below
		{5, 3, 12, 10, image.Rect(0, 1, 12, 8)}, // factor 2.4: 7.2 rows are 7
		{100, 50, 10, 10, image.Rect(0, 2, 10, 7)},
		{8, 8, 8, 8, image.Rect(0, 0, 8, 8)},
		{55, 55, 224, 224, image.Rect(0, 0, 223, 223)},
	} {
		m, err := Letterbox(picture(t, filled(c.w, c.h, level(200))), c.width, c.height)
		same(t, greys(t, m, err), filled(c.width, c.height, func(x, y int) byte {
			if image.Pt(x, y).In(c.want) {
				return 200
			}
			return 0
		}))
	}
}

// DeepFace scales numbers from 0 to 1, and bytes are scaled here: computed as
// floating point numbers, no pixel is a grey level away.
func TestLetterboxIsNearFloatingPoint(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ w, h int }{{37, 53}, {200, 131}, {448, 448}, {150, 224}, {1000, 777}} {
		grey := filled(c.w, c.h, noise)
		m, err := Letterbox(picture(t, grey), 224, 224)
		got := greys(t, m, err)
		factor := min(224/float64(c.h), 224/float64(c.w))
		w, h := int(float64(c.w)*factor), int(float64(c.h)*factor)
		left, top := (224-w)/2, (224-h)/2
		for y := range h {
			for x := range w {
				want := bilinear(grey, x, y, w, h)
				if got := float64(got.GrayAt(left+x, top+y).Y) / 255; math.Abs(got-want) >= 1./255 {
					t.Fatalf("%v: pixel %d,%d is %v, want %v", c, x, y, got, want)
				}
			}
		}
	}
}

// bilinear is pixel x,y, from 0 to 1, of the picture scaled to w x h: pixels'
// middles are mapped on each other and the border is repeated.
func bilinear(m *image.Gray, x, y, w, h int) float64 {
	at := func(i, n, size int) (int, int, float64) {
		p := (float64(i)+0.5)*float64(size)/float64(n) - 0.5
		lo := math.Floor(p)
		clamp := func(v int) int { return min(max(v, 0), size-1) }
		return clamp(int(lo)), clamp(int(lo) + 1), p - lo
	}
	x0, x1, fx := at(x, w, m.Rect.Dx())
	y0, y1, fy := at(y, h, m.Rect.Dy())
	v := func(x, y int) float64 { return float64(m.GrayAt(x, y).Y) / 255 }
	return (v(x0, y0)*(1-fx)+v(x1, y0)*fx)*(1-fy) + (v(x0, y1)*(1-fx)+v(x1, y1)*fx)*fy
}

// Stretching drops the aspect: the left half stays the left half.
func TestStretch(t *testing.T) {
	t.Parallel()
	halves := func(w int) func(x, y int) byte {
		return func(x, _ int) byte {
			if x < w/2 {
				return 0
			}
			return 240
		}
	}
	m, err := Stretch(picture(t, filled(40, 10, halves(40))), 20, 30)
	same(t, greys(t, m, err), filled(20, 30, halves(20)))
}

func TestSidesThatCannotBe(t *testing.T) {
	t.Parallel()
	narrow, photo := picture(t, lit(1, 500)), picture(t, lit(4, 4))
	if m, err := Letterbox(narrow, 112, 112); face.CodeOf(err) != face.Invalid {
		m.Close()
		t.Errorf("nothing left of the width: %v", err)
	}
	for _, sides := range [][2]int{{0, 10}, {10, 0}, {-5, 10}, {1 << 15, 1 << 15}} {
		if m, err := Letterbox(photo, sides[0], sides[1]); face.CodeOf(err) != face.Invalid {
			m.Close()
			t.Errorf("letterbox %v: %v", sides, err)
		}
		if m, err := Stretch(photo, sides[0], sides[1]); face.CodeOf(err) != face.Invalid {
			m.Close()
			t.Errorf("stretch %v: %v", sides, err)
		}
	}
}
