//go:build dlib

package dlib_test

import (
	"image"
	"math"
	"math/cmplx"
	"os"
	"reflect"
	"testing"

	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/golden"
)

// wave is the red and green of a picture that changes by twelve a pixel or less
// where length is 8.
func wave(at complex128, length float64) [3]float64 {
	return [3]float64{128 + 96*math.Sin(real(at)/length), 128 + 96*math.Sin(imag(at)/length), 200}
}

func waves(side int, length float64) []byte {
	pixels := make([]byte, 0, 3*side*side)
	for i := range side * side {
		for _, value := range wave(complex(float64(i%side), float64(i/side)), length) {
			pixels = append(pixels, byte(value+0.5))
		}
	}
	return pixels
}

// The mean face's five points in the crop, a quarter of its width around it
// (dlib, get_face_chip_details).
func meanFace() (points [5]complex128) {
	for i, p := range [5]complex128{
		0.8595674595992 + 0.2134981538014i, 0.6460604764104 + 0.2289674387677i, 0.1205750620789 + 0.2137274526848i,
		0.3340850613712 + 0.2290642403242i, 0.4901123135679 + 0.6277975316475i,
	} {
		points[i] = (p + 0.25 + 0.25i) / 1.5 * dlib.Side
	}
	return points
}

// similarity is the turn and scale, and the shift, that bring from nearest to to.
func similarity(from, to [5]complex128) (turn, shift complex128) {
	var meanFrom, meanTo, above, below complex128
	for i := range from {
		meanFrom += from[i] / 5
		meanTo += to[i] / 5
	}
	for i := range from {
		above += cmplx.Conj(from[i]-meanFrom) * (to[i] - meanTo)
		below += cmplx.Conj(from[i]-meanFrom) * (from[i] - meanFrom)
	}
	turn = above / below
	return turn, meanTo - turn*meanFrom
}

// Faces of all sizes and turns, also ones that dlib halves the picture for.
func TestChipReadsWhereTheFaceIs(t *testing.T) {
	t.Parallel()
	const side = 1021
	middle := complex(dlib.Side/2, dlib.Side/2)
	for _, c := range []struct {
		turn     complex128
		halvings float64
	}{{1, 0}, {1.3i, 0}, {cmplx.Rect(0.6, 0.4), 0}, {cmplx.Rect(1.9, -0.7), 0}, {cmplx.Rect(3.1, 3), 1}, {cmplx.Rect(4.2, -0.2), 2}} {
		var points []image.Point
		var at [5]complex128
		for i, p := range meanFace() {
			q := 510 + 480i + c.turn*(p-middle)
			points = append(points, image.Pt(int(math.Round(real(q))), int(math.Round(imag(q)))))
			at[i] = complex(float64(points[i].X), float64(points[i].Y))
		}
		length := 8 * cmplx.Abs(c.turn)
		chip, err := dlib.Chip(waves(side, length), side, side, points)
		if err != nil {
			t.Fatal(err)
		}
		turn, shift := similarity(meanFace(), at)
		centre, scale := turn*middle+shift, cmplx.Abs(turn)
		var worst float64
		for i := range dlib.Side * dlib.Side {
			// dlib puts the middles of the corner pixels of the crop and of the face's square on each other.
			unit := complex(float64(i%dlib.Side), float64(i/dlib.Side))/(dlib.Side-1) - (0.5 + 0.5i)
			p := centre + turn/complex(scale, 0)*unit*complex(dlib.Side*scale-1, 0)
			for colour, want := range wave(p, length) {
				worst = max(worst, math.Abs(float64(chip[3*i+colour])-want))
			}
		}
		// dlib rounds down, and where it halves the picture it takes a pixel to lie up
		// to 0.4 pixels beside where it does.
		if worst > 2+3*c.halvings {
			t.Errorf("turn %v: a value differs by %g", turn, worst)
		}
	}
}

// The 68 points and the five of them that the 5-point predictor gives cut out
// the same face, upright and in the middle.
func TestChipOf68Points(t *testing.T) {
	t.Parallel()
	const predictor = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"
	if _, err := os.Stat(predictor); err != nil {
		t.Skip("no predictor for 68 points: ", err)
	}
	d, err := dlib.Load(predictor)
	golden.Check(t, err)
	defer func() { golden.Check(t, d.Close()) }()
	pixels, w, h := picture(t, "img24.jpg", 500)
	faces, err := d.Detect(pixels, w, h, 0, 0)
	if err != nil || len(faces) != 1 {
		t.Fatalf("got %v, %v", faces, err)
	}
	p := faces[0].Points
	of68, err := dlib.Chip(pixels, w, h, p)
	golden.Check(t, err)
	of5, err := dlib.Chip(pixels, w, h, []image.Point{p[45], p[42], p[36], p[39], p[33]})
	golden.Check(t, err)
	var difference float64
	for i := range of68 {
		difference += math.Abs(float64(of68[i])-float64(of5[i])) / float64(len(of68))
	}
	if difference > 20 {
		t.Errorf("values differ by %g on average", difference)
	}
	for name, chip := range map[string][]byte{"68": of68, "5": of5} {
		again, err := d.Detect(chip, dlib.Side, dlib.Side, 0, 0)
		if err != nil || len(again) != 1 {
			t.Fatalf("%s points: found %v, %v in the crop", name, again, err)
		}
		q := again[0].Points
		left, right, nose := q[36].Add(q[39]).Div(2), q[42].Add(q[45]).Div(2), q[33]
		t.Logf("%s points: eyes at %v, %v, nose at %v", name, left, right, nose)
		for part, at := range map[string][2]image.Point{
			"left eye": {left, {48, 48}}, "right eye": {right, {101, 48}}, "nose": {nose, {74, 88}},
		} {
			if off := at[0].Sub(at[1]); max(off.X, -off.X, off.Y, -off.Y) > 8 {
				t.Errorf("%s points: the %s is at %v, want about %v", name, part, at[0], at[1])
			}
		}
	}
	for i := range 27 { // jaw and eyebrows
		p[i] = image.Pt(0, 7*i)
	}
	if other, err := dlib.Chip(pixels, w, h, p); err != nil || !reflect.DeepEqual(other, of68) {
		t.Errorf("jaw and eyebrows count: %v", err)
	}
}

func TestChipRefuses(t *testing.T) {
	t.Parallel()
	const side = 100
	grey := make([]byte, 3*side*side)
	face := func(x, y, scale int) []image.Point {
		points := make([]image.Point, 5)
		for i, p := range []image.Point{{9, 2}, {6, 2}, {1, 2}, {3, 2}, {5, 6}} {
			points[i] = p.Mul(scale).Add(image.Pt(x, y))
		}
		return points
	}
	for name, c := range map[string]struct {
		pixels        []byte
		width, height int
		points        []image.Point
	}{
		"no width":         {grey, 0, side, face(0, 0, 10)},
		"too few bytes":    {grey[1:], side, side, face(0, 0, 10)},
		"too many pixels":  {grey, 1 << 15, 1<<11 + 1, face(0, 0, 10)},
		"no points":        {grey, side, side, nil},
		"four points":      {grey, side, side, face(0, 0, 10)[1:]},
		"all in one place": {grey, side, side, face(50, 50, 0)},
		"outside":          {grey, side, side, face(1000, 50, 10)},
		"far outside":      {grey, side, side, face(math.MaxInt32, 50, 10)},
		"not a number":     {grey, side, side, face(math.MinInt, math.MinInt, 1)},
	} {
		if chip, err := dlib.Chip(c.pixels, c.width, c.height, c.points); err == nil {
			t.Errorf("%s: got %d bytes", name, len(chip))
		}
	}
	for name, points := range map[string][]image.Point{
		"tiny": face(50, 50, 1), "at the border": face(70, 90, 10), "huge": face(-50_000, -50_000, 10_000),
		"upside down": {{1, 9}, {4, 9}, {9, 9}, {7, 9}, {5, 1}},
	} {
		if chip, err := dlib.Chip(grey, side, side, points); err != nil || len(chip) != 3*dlib.Side*dlib.Side {
			t.Errorf("%s: got %d bytes, %v", name, len(chip), err)
		}
	}
}
