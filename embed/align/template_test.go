package align

import (
	"math"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// The first eye and the mouth's right corner, by hand from 38.2946,51.6963 and
// 70.7299,92.2041: insightface's rule for 112 and 128 and their multiples,
// plain scaling by side/112 otherwise.
func TestTemplateSizes(t *testing.T) {
	t.Parallel()
	narrow := Template{Width: 96, Height: 112, Scale: 1, Offset: face.Point{X: -8}}
	for _, c := range []struct {
		template   Template
		eye, mouth face.Point
	}{
		{ArcFace(112), face.Point{X: 38.2946, Y: 51.6963}, face.Point{X: 70.7299, Y: 92.2041}},
		{ArcFace(224), face.Point{X: 76.5892, Y: 103.3926}, face.Point{X: 141.4598, Y: 184.4082}},
		{ArcFace(128), face.Point{X: 46.2946, Y: 51.6963}, face.Point{X: 78.7299, Y: 92.2041}},
		{ArcFace(256), face.Point{X: 92.5892, Y: 103.3926}, face.Point{X: 157.4598, Y: 184.4082}},
		{ArcFace(896), face.Point{X: 306.3568, Y: 413.5704}, face.Point{X: 565.8392, Y: 737.6328}}, // 8*112 and 7*128
		{ArcFace(56), face.Point{X: 19.1473, Y: 25.84815}, face.Point{X: 35.36495, Y: 46.10205}},
		{Template{Width: 60, Height: 70, Scale: 0.5, Offset: face.Point{X: 1, Y: 3}}, face.Point{X: 20.1473, Y: 28.84815}, face.Point{X: 36.36495, Y: 49.10205}},
		{narrow, face.Point{X: 30.2946, Y: 51.6963}, face.Point{X: 62.7299, Y: 92.2041}},
	} {
		points := c.template.Points(5)
		if points[0].Distance(c.eye) > 1e-4 || points[4].Distance(c.mouth) > 1e-4 {
			t.Errorf("%+v: eye %v, mouth %v, want %v, %v", c.template, points[0], points[4], c.eye, c.mouth)
		}
	}
	if square := ArcFace(128); square.Width != 128 || square.Height != 128 {
		t.Errorf("128 gives %+v", square)
	}
}

func TestTemplatePoints(t *testing.T) {
	t.Parallel()
	four := ArcFace(Side).Points(4)
	if want := (face.Point{X: 56.1396, Y: 92.2848}); len(four) != 4 || four[2] != arcface[2] || four[3].Distance(want) > 1e-4 {
		t.Errorf("four points: %v", four)
	}
	if two := ArcFace(Side).Points(2); len(two) != 2 || two[0] != arcface[0] || two[1] != arcface[1] {
		t.Errorf("two points: %v", two)
	}
	for _, n := range []int{-1, 0, 1, 3, 6, 68} {
		if points := ArcFace(Side).Points(n); points != nil {
			t.Errorf("%d points: %v", n, points)
		}
	}
	points := ArcFace(Side).Points(5)
	points[0].X = 0
	if arcface[0].X == 0 {
		t.Error("the template can be changed from outside")
	}
}

func TestTemplatesThatCannotBe(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	for _, bad := range []Template{
		{}, ArcFace(0), ArcFace(-112), ArcFace(1 << 15),
		{Width: 112, Height: 112},
		{Width: 112, Scale: 1},
		{Width: 112, Height: 112, Scale: -1},
		{Width: 112, Height: 112, Scale: math.NaN()},
		{Width: 112, Height: 112, Scale: math.Inf(1)},
		{Width: 112, Height: 112, Scale: 1, Offset: face.Point{X: nan}},
	} {
		if _, err := Fit(arcface[:], bad); face.CodeOf(err) != face.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
		if m, err := Cut(nil, Placement{Scale: 1}, bad); face.CodeOf(err) != face.Invalid {
			m.Close()
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
