package align

import (
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Placement is how a face is moved onto a template, and what that says of the
// face.
type Placement struct {
	// Map takes the photograph's pixels to the aligned picture's.
	Map cv.Affine
	// Residual is how far the face's landmarks still lie from the template after
	// they were moved: the root of the mean squared distance, as a share of the
	// template's eye distance, so that it does not depend on any size. It is 0
	// where the face has the template's shape, and, but for rounding, for two
	// points; it grows as the head turns away or landmarks are wrong.
	Residual float64
	// Scale is the aligned picture's pixels for one pixel of the photograph,
	// above 0. Above 1 the face was enlarged.
	Scale float64
	// Roll is how far the face is turned in the photograph's plane against the
	// template, in degrees from -180 to 180. It is positive where the face is
	// turned clockwise as the photograph is seen: its right eye in the picture
	// is then too low.
	Roll float64
}

// Fit finds the placement of a face by its landmarks: the turn, uniform scale
// and shift, never a reflection, that bring them closest to the template in the
// least squares sense. It takes 5, 4 or 2 points. Any other number, points
// that coincide or are not finite, and a template without size are
// face.Invalid.
func Fit(points face.Landmarks, onto Template) (Placement, error) {
	if err := onto.check(); err != nil {
		return Placement{}, err
	}
	to := onto.Points(len(points))
	if to == nil {
		return Placement{}, face.Errorf(face.Invalid, "%d landmarks cannot be aligned: give 5, 4 (the last the mouth's middle) or 2 (the eyes)", len(points))
	}
	if !finite(points) {
		return Placement{}, face.Errorf(face.Invalid, "landmarks %v cannot be aligned: every coordinate must be a finite number", points)
	}
	by, ok := similarity(points, to)
	if !ok {
		return Placement{}, face.Errorf(face.Invalid, "landmarks %v cannot be aligned: they coincide, or no turn brings them near a face's", points)
	}
	return Placement{
		Map:      by,
		Residual: meanDistance(by, points, to) / to[0].Distance(to[1]),
		Scale:    math.Hypot(by.A, by.D),
		Roll:     math.Atan2(0-by.D, by.A) * 180 / math.Pi, // the map turns the face back; 0- avoids -0
	}, nil
}

// meanDistance is the root of the mean squared distance of the moved points
// from their aims, in pixels.
func meanDistance(by cv.Affine, points, aims []face.Point) float64 {
	sum := 0.0
	for i, p := range points {
		x, y := by.At(float64(p.X), float64(p.Y))
		dx, dy := x-float64(aims[i].X), y-float64(aims[i].Y)
		sum += dx*dx + dy*dy
	}
	return math.Sqrt(sum / float64(len(points)))
}

func finite(points []face.Point) bool {
	for _, p := range points {
		if sum := float64(p.X) + float64(p.Y); math.IsNaN(sum) || math.IsInf(sum, 0) {
			return false
		}
	}
	return true
}

// Box is the placement of a face by its box alone: grown by a share of its
// width and height in all, half of it on each side, and stretched to the
// template's size, whatever its aspect. Scale is the larger of the two. A box
// without area, or that is not finite, is face.Invalid.
func Box(box face.Box, margin float64, onto Template) (Placement, error) {
	if err := onto.check(); err != nil {
		return Placement{}, err
	}
	w, h := float64(box.Width())*(1+margin), float64(box.Height())*(1+margin)
	if !finite([]face.Point{{X: box.X1, Y: box.Y1}, {X: box.X2, Y: box.Y2}}) || !(w > 0 && h > 0) {
		return Placement{}, face.Errorf(face.Invalid, "box %v cannot be cut out: it needs width and height", box)
	}
	centre := box.Centre()
	left, top := float64(centre.X)-w/2, float64(centre.Y)-h/2
	x, y := float64(onto.Width)/w, float64(onto.Height)/h
	// Pixels' edges are mapped on each other: a pixel's middle lies half a pixel
	// from its edge.
	return Placement{
		Map:   cv.Affine{A: x, C: (0.5-left)*x - 0.5, E: y, F: (0.5-top)*y - 0.5},
		Scale: math.Max(x, y),
	}, nil
}
