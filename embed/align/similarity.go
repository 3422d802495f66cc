package align

import (
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// similarity is the rotation, uniform scale and shift that takes the points
// src closest to dst in the least squares sense, without reflection: Umeyama
// 1991, "Least-squares estimation of transformation parameters between two
// point patterns", which in the plane has this closed form. It reports false
// where the points of src or of dst coincide, and where they do not correlate,
// so that every turn is as good as another: some mirrored figures. Two points
// are met exactly.
func similarity(src, dst []face.Point) (cv.Affine, bool) {
	from, to := mean(src), mean(dst)
	var dot, cross, spread, aim float64
	for i := range src {
		sx, sy := float64(src[i].X)-from[0], float64(src[i].Y)-from[1]
		dx, dy := float64(dst[i].X)-to[0], float64(dst[i].Y)-to[1]
		dot += sx*dx + sy*dy
		cross += sx*dy - sy*dx
		spread += sx*sx + sy*sy
		aim += dx*dx + dy*dy
	}
	// The correlation lies in [0,1]; below a millionth it is rounding.
	if spread < 1e-6 || aim < 1e-6 || math.Hypot(dot, cross) < 1e-6*math.Sqrt(spread*aim) {
		return cv.Affine{}, false
	}
	a, b := dot/spread, cross/spread // scale times cosine and sine of the angle
	return cv.Affine{
		A: a, B: -b, C: to[0] - a*from[0] + b*from[1],
		D: b, E: a, F: to[1] - b*from[0] - a*from[1],
	}, true
}

func mean(points []face.Point) (m [2]float64) {
	for _, p := range points {
		m[0] += float64(p.X) / float64(len(points))
		m[1] += float64(p.Y) / float64(len(points))
	}
	return m
}
