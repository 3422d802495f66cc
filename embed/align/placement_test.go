package align

import (
	"math"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// A face of the template's own shape has no residual, on every template.
func TestFitOfTheTemplateItself(t *testing.T) {
	t.Parallel()
	narrow := Template{Width: 96, Height: 112, Scale: 1, Offset: face.Point{X: -8}}
	for _, onto := range []Template{ArcFace(112), ArcFace(128), ArcFace(224), narrow} {
		for _, n := range []int{2, 4, 5} {
			got, err := Fit(onto.Points(n), onto)
			if err != nil {
				t.Fatal(err)
			}
			identity := cv.Affine{A: 1, E: 1}
			if distance(got.Map, identity) > 1e-9 || got.Residual > 1e-9 || !near(got.Scale, 1, 1e-12) || !near(got.Roll, 0, 1e-9) {
				t.Errorf("%+v, %d points: %+v", onto, n, got)
			}
			if math.Signbit(got.Roll) {
				t.Errorf("%+v, %d points: the roll is minus zero", onto, n)
			}
		}
	}
}

// The template, turned clockwise in a photograph by the roll, enlarged and
// shifted, tells all of that. In pixels (y grows downwards) a clockwise turn by
// r is x cos r - y sin r, x sin r + y cos r.
func TestFitTellsRollAndScale(t *testing.T) {
	t.Parallel()
	for _, roll := range []float64{0, 1, 30, 90, 179, 180, -1, -45, -90, -179} {
		sin, cos := math.Sincos(roll * math.Pi / 180)
		place := cv.Affine{A: 4 * cos, B: -4 * sin, C: 700, D: 4 * sin, E: 4 * cos, F: 500}
		for _, n := range []int{2, 4, 5} {
			got, err := Fit(moved(place, ArcFace(Side).Points(n)), ArcFace(Side))
			if err != nil {
				t.Fatal(err)
			}
			off := math.Mod(got.Roll-roll+540, 360) - 180 // 180 and -180 are one roll
			if !near(off, 0, 1e-4) || !near(got.Scale, 0.25, 1e-6) || got.Residual > 1e-5 {
				t.Errorf("%d points at %v degrees: roll %v, scale %v, residual %v", n, roll, got.Roll, got.Scale, got.Residual)
			}
			if onto := got.Map; onto.A*onto.E-onto.B*onto.D <= 0 {
				t.Errorf("%d points at %v degrees: reflected", n, roll)
			}
		}
	}
}

// A face turned clockwise has the picture's right eye lower than the left one.
func TestTheSignOfRoll(t *testing.T) {
	t.Parallel()
	got, err := Fit(face.Landmarks{{X: 100, Y: 100}, {X: 140, Y: 140}}, ArcFace(Side))
	if err != nil {
		t.Fatal(err)
	}
	// The eyes fall by 45 degrees, the template's own rise by
	// atan(0.1949/35.2372) = 0.3169.
	if !near(got.Roll, 45.3169, 1e-3) {
		t.Errorf("roll %v", got.Roll)
	}
}

// By hand: the nose lies at n = (-0.00096, -0.16418) from the middle of the
// five points, whose squared distances from it add up to S = 2702.0473. With
// the nose 10 pixels lower in the photograph, the photograph's own sum is
// 2702.0473 - 2*10*0.16418 + 100*4/5 = 2778.7637 and its products with the
// template's points are 2702.0473 - 10*0.16418 = 2700.4055 and 0.0096. What no
// similarity can take away is S - (2700.4055² + 0.0096²)/2778.7637 = 77.7904,
// which is sqrt(77.7904/5) = 3.94437 pixels a point, or 0.111936 of the eye
// distance 35.23774; the scale is 2700.4055/2778.7637 = 0.971801.
func TestResidualOfADisplacedNose(t *testing.T) {
	t.Parallel()
	points := append(face.Landmarks(nil), arcface[:]...)
	points[2].Y += 10
	for _, side := range []int{112, 128, 224} {
		larger := cv.Affine{A: 3, C: 20, E: 3, F: 50} // of the photograph, which must not matter
		got, err := Fit(moved(larger, points), ArcFace(side))
		if err != nil {
			t.Fatal(err)
		}
		want := 0.971801 / 3 * ArcFace(side).Scale
		if !near(got.Residual, 0.111936, 1e-5) || !near(got.Scale, want, 1e-5) {
			t.Errorf("side %d: residual %v, scale %v, want 0.111936, %v", side, got.Residual, got.Scale, want)
		}
	}
}

// Two points are met exactly, whatever their distance and slope.
func TestTwoPointsHaveNoResidual(t *testing.T) {
	t.Parallel()
	got, err := Fit(face.Landmarks{{X: 10, Y: 90}, {X: 400, Y: -20}}, ArcFace(Side))
	if err != nil || got.Residual > 1e-9 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLandmarksThatCannotBeFitted(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for name, bad := range map[string]face.Landmarks{
		"none":            nil,
		"one":             {{X: 1, Y: 1}},
		"three":           make(face.Landmarks, 3),
		"68":              make(face.Landmarks, 68),
		"coinciding eyes": {{X: 7, Y: 7}, {X: 7, Y: 7}},
		"five coinciding": make(face.Landmarks, 5),
		"not a number":    {{X: nan, Y: 7}, {X: 9, Y: 7}},
		"infinite":        {{X: 1, Y: 7}, {X: 9, Y: inf}},
	} {
		if got, err := Fit(bad, ArcFace(Side)); face.CodeOf(err) != face.Invalid {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
