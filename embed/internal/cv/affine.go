package cv

import (
	"image"
	"math"
)

// Affine maps x,y to A*x+B*y+C, D*x+E*y+F, in pixels.
type Affine struct{ A, B, C, D, E, F float64 }

// At is where the map takes a point.
func (a Affine) At(x, y float64) (float64, float64) {
	return a.A*x + a.B*y + a.C, a.D*x + a.E*y + a.F
}

// inverse takes the map's results back. It is not finite where the map flattens
// the plane.
func (a Affine) inverse() Affine {
	d := a.A*a.E - a.B*a.D
	return Affine{
		A: a.E / d, B: -a.B / d, C: (a.B*a.F - a.C*a.E) / d,
		D: -a.D / d, E: a.A / d, F: (a.C*a.D - a.A*a.F) / d,
	}
}

// reachable says whether OpenCV can find the pixels of a picture of the given
// size that this map takes to their sources: it counts places in 1/1024 pixels
// in 32 bits, which overflow unseen, so that places stay below 1<<20 here.
func (a Affine) reachable(width, height int) bool {
	const far = 1 << 20
	w, h := float64(width), float64(height)
	return math.Abs(a.A)*w+math.Abs(a.B)*h+math.Abs(a.C) < far && math.Abs(a.D)*w+math.Abs(a.E)*h+math.Abs(a.F) < far
}

// Rotation turns a picture about one of its pixels, by an angle in degrees that
// is positive counterclockwise as the picture is seen: the matrix that OpenCV
// documents for getRotationMatrix2D, at scale 1.
func Rotation(about image.Point, degrees float64) Affine {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	x, y := float64(about.X), float64(about.Y)
	return Affine{
		A: cos, B: sin, C: (1-cos)*x - sin*y,
		D: -sin, E: cos, F: sin*x + (1-cos)*y,
	}
}
