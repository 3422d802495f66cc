package align

import (
	"image"
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// By hand from w' = w+int(w*p/100), x = max(0, x-int((w'-w)/2)),
// w = min(W-x, w').
func TestExpand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		box           image.Rectangle
		percent       int
		width, height int
		want          image.Rectangle
	}{
		"inside":                 {image.Rect(10, 20, 50, 100), 10, 200, 200, image.Rect(8, 16, 52, 104)},
		"fractions dropped":      {image.Rect(10, 20, 43, 39), 10, 200, 200, image.Rect(9, 20, 45, 40)}, // 33 -> 36, 19 -> 20
		"corner at the border":   {image.Rect(1, 2, 41, 42), 50, 200, 200, image.Rect(0, 0, 60, 60)},
		"far side at the border": {image.Rect(80, 60, 99, 90), 50, 100, 100, image.Rect(76, 53, 100, 98)},
		"over the border":        {image.Rect(-5, 70, 35, 110), 10, 100, 100, image.Rect(0, 68, 44, 100)},
		"outside":                {image.Rect(300, 20, 340, 60), 10, 100, 100, image.Rect(298, 18, 298, 62)},
		"none":                   {image.Rect(-5, 70, 35, 110), 0, 100, 100, image.Rect(-5, 70, 35, 110)},
		"negative":               {image.Rect(10, 20, 50, 100), -30, 200, 200, image.Rect(10, 20, 50, 100)},
	} {
		if got := Expand(c.box, c.percent, c.width, c.height); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

// Without eyes the box is cut out as it is, odd sides included.
func TestRotateWithoutEyes(t *testing.T) {
	t.Parallel()
	grey := filled(30, 20, noise)
	photo := picture(t, grey)
	box := image.Rect(3, 4, 8, 11)
	want := filled(5, 7, func(x, y int) byte { return noise(x+3, y+4) })
	for _, eyes := range []face.Landmarks{nil, {{X: 4, Y: 6}}, {{X: 4, Y: 6}, {X: 7, Y: 6}}, {{X: 4, Y: 6}, {X: 4, Y: 6}}} {
		m, err := Rotate(photo, box, eyes)
		same(t, greys(t, m, err), want)
	}
}

// What a box shows beyond the photograph is black, and the photograph's pixels
// keep their places in it.
func TestRotateOverTheBorder(t *testing.T) {
	t.Parallel()
	photo := picture(t, filled(10, 10, level(200)))
	for box, inside := range map[image.Rectangle]image.Rectangle{
		image.Rect(-3, -2, 5, 6):   image.Rect(3, 2, 8, 8),
		image.Rect(6, 7, 14, 15):   image.Rect(0, 0, 4, 3),
		image.Rect(-4, -4, 16, 16): image.Rect(4, 4, 14, 14),
	} {
		m, err := Rotate(photo, box, nil)
		same(t, greys(t, m, err), filled(box.Dx(), box.Dy(), func(x, y int) byte {
			if image.Pt(x, y).In(inside) {
				return 200
			}
			return 0
		}))
	}
}

// By hand. The box 5x7 at 10,10 is grown by 2 and 3 to 9x13 at 8,7; its middle
// is 4,6. The person's left eye below the right one is +90 degrees: x,y goes to
// 4+(y-6), 6-(x-4) = y-2, 10-x. The photograph's 11,12 is 3,5 there, goes to
// 3,7 and is 1,4 in the box. The other way round it is -90 degrees: 4-(y-6),
// 6+(x-4) = 10-y, x+2, so that 3,5 goes to 5,5, which is 3,2 in the box.
func TestRotateByRightAngles(t *testing.T) {
	t.Parallel()
	photo := picture(t, lit(40, 40, image.Pt(11, 12)))
	box := image.Rect(10, 10, 15, 17)
	down := face.Landmarks{{X: 12, Y: 11}, {X: 12, Y: 15}}
	up := face.Landmarks{{X: 12, Y: 15}, {X: 12, Y: 11}}
	m, err := Rotate(photo, box, down)
	same(t, greys(t, m, err), lit(5, 7, image.Pt(1, 4)))
	m, err = Rotate(photo, box, up)
	same(t, greys(t, m, err), lit(5, 7, image.Pt(3, 2)))
}

// By hand. Eyes 3 apart and the left one 4 lower: sine 0.8, cosine 0.6. From
// the middle 30,30 of the box, 5,0 goes to 3,-4 and 0,5 to 4,3. These are whole
// pixels, so that they keep their brightness.
func TestRotateByThreeFourFive(t *testing.T) {
	t.Parallel()
	photo := picture(t, lit(80, 80, image.Pt(35, 30), image.Pt(30, 35)))
	m, err := Rotate(photo, image.Rect(20, 20, 40, 40), face.Landmarks{{X: 25, Y: 25}, {X: 28, Y: 29}})
	got := greys(t, m, err)
	for _, p := range []image.Point{{X: 13, Y: 6}, {X: 14, Y: 13}} {
		if v := got.GrayAt(p.X, p.Y).Y; v != 255 {
			t.Errorf("pixel %v is %d", p, v)
		}
	}
}

// A photograph that is lighter below its falling diagonal shows a level border
// after eyes on that diagonal were made level: at 45 degrees. Beside the border
// cubic sampling leaves the range of the two levels, as bilinear does not.
func TestRotateByHalfARightAngle(t *testing.T) {
	t.Parallel()
	photo := picture(t, filled(80, 80, func(x, y int) byte {
		if y > x {
			return 200
		}
		return 50
	}))
	m, err := Rotate(photo, image.Rect(20, 20, 60, 60), face.Landmarks{{X: 30, Y: 30}, {X: 50, Y: 50}})
	got := greys(t, m, err)
	for i, v := range got.Pix {
		// The kernel reaches 2 pixels.
		if y := i / got.Stride; y < 17 && v != 50 || y > 23 && v != 200 {
			t.Fatalf("pixel %d,%d is %d", i%got.Stride, y, v)
		}
	}
	if lo, hi := slices.Min(got.Pix), slices.Max(got.Pix); lo >= 50 || hi <= 200 {
		t.Errorf("levels lie in %d to %d", lo, hi)
	}
}

// By hand. Only the box grown by half its sides is turned: 20x5 at 20,30 is
// grown to 40x9, whose 9 rows become the columns 16 to 24 at +90 degrees (x,y
// goes to 20+(y-4), 4-(x-20)). In the box these are columns 6 to 14; the rest
// is black though the photograph is white there.
func TestRotateSeesOnlyTheGrownBox(t *testing.T) {
	t.Parallel()
	photo := picture(t, filled(80, 80, level(255)))
	m, err := Rotate(photo, image.Rect(20, 30, 40, 35), face.Landmarks{{X: 30, Y: 31}, {X: 30, Y: 33}})
	same(t, greys(t, m, err), filled(20, 5, func(x, _ int) byte {
		if x >= 6 && x <= 14 {
			return 255
		}
		return 0
	}))
}

func TestBoxesThatCannotBeTurned(t *testing.T) {
	t.Parallel()
	photo := picture(t, lit(10, 10))
	eyes := face.Landmarks{{X: 1, Y: 1}, {X: float32(math.NaN()), Y: 1}}
	for name, c := range map[string]struct {
		box  image.Rectangle
		eyes face.Landmarks
	}{
		"empty":       {image.Rect(3, 3, 3, 8), nil},
		"inside out":  {image.Rectangle{Min: image.Pt(8, 8), Max: image.Pt(2, 2)}, nil},
		"far outside": {image.Rect(100, 100, 110, 110), nil},
		"too large":   {image.Rect(0, 0, 1<<15, 4), nil},
		"eyes":        {image.Rect(2, 2, 6, 6), eyes},
	} {
		if m, err := Rotate(photo, c.box, c.eyes); face.CodeOf(err) != face.Invalid {
			m.Close()
			t.Errorf("%s: %v", name, err)
		}
	}
}
