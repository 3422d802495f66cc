package search

import (
	"math"

	"github.com/visagedb/visage/internal/face"
)

// Distance measures how far apart two templates of one space are; smaller is
// closer. It accumulates in float64 and is symmetric to the last bit. The
// formulas are DeepFace's (deepface/modules/verification.py), without its
// epsilon in the normalisation and its rounding to six decimals, and with the
// cosine held within [-1,1]:
//
//	cosine        1 - a·b / (|a||b|)              [0,2]
//	euclidean     |a - b|                         [0,inf)
//	euclidean_l2  |a/|a| - b/|b||                 [0,2]
//	angular       acos(a·b / (|a||b|)) / pi       [0,1]
//
// It returns Mismatch for vectors of different or no length, and Invalid for
// an unknown metric and for a vector that is zero or holds NaN or an infinity:
// no face has such a template.
func Distance(metric face.Metric, a, b []float32) (float64, error) {
	if len(a) != len(b) || len(a) == 0 {
		return 0, face.Errorf(face.Mismatch, "templates of %d and %d components cannot be compared", len(a), len(b))
	}
	dot, aa, bb := products(a, b)
	if err := checkSquare(aa); err != nil {
		return 0, err
	}
	if err := checkSquare(bb); err != nil {
		return 0, err
	}
	switch metric {
	case face.Cosine:
		return 1 - cosine(dot, aa, bb), nil
	case face.Angular:
		return math.Acos(cosine(dot, aa, bb)) / math.Pi, nil
	case face.Euclidean:
		return chord(a, b, 1, 1), nil
	case face.EuclideanL2:
		return min(2, chord(a, b, 1/math.Sqrt(aa), 1/math.Sqrt(bb))), nil
	default:
		_, err := face.ParseMetric(string(metric))
		return 0, err
	}
}

// products returns a·b, a·a and b·b. Even and odd components have sums of
// their own, so that one addition need not wait for the one before it.
func products(a, b []float32) (dot, aa, bb float64) {
	b = b[:len(a)]
	var dot1, aa1, bb1 float64
	i := 0
	for ; i+1 < len(a); i += 2 {
		x0, y0 := float64(a[i]), float64(b[i])
		x1, y1 := float64(a[i+1]), float64(b[i+1])
		dot, dot1 = dot+x0*y0, dot1+x1*y1
		aa, aa1 = aa+x0*x0, aa1+x1*x1
		bb, bb1 = bb+y0*y0, bb1+y1*y1
	}
	if i < len(a) {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb = dot+x*y, aa+x*x, bb+y*y
	}
	return dot + dot1, aa + aa1, bb + bb1
}

// squareOf is a vector's squared length.
func squareOf(v []float32) float64 {
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	return square
}

// checkSquare refuses a vector by its squared length. Squares of finite
// float32 neither overflow nor vanish in float64, so the squared length is 0,
// NaN or infinite only where the vector is.
func checkSquare(square float64) error {
	switch {
	case square == 0:
		return face.Errorf(face.Invalid, "a template of nothing but zeros has no direction: embed the face anew")
	case math.IsNaN(square) || math.IsInf(square, 0):
		return face.Errorf(face.Invalid, "a template holds NaN or an infinity: embed the face anew")
	default:
		return nil
	}
}

// cosine is the similarity in [-1,1]. The root of the product, rather than the
// product of the roots, makes a vector's similarity to itself exactly 1.
func cosine(dot, aa, bb float64) float64 {
	return min(1, max(-1, dot/math.Sqrt(aa*bb)))
}

// chord is the Euclidean distance between a scaled by p and b scaled by q. The
// products are rounded by conversion, which keeps processors with a fused
// multiply-subtract from rounding one of the two only: that would tell a vector
// from itself.
func chord(a, b []float32, p, q float64) float64 {
	b = b[:len(a)]
	var sum, sum1 float64
	i := 0
	for ; i+1 < len(a); i += 2 {
		d0 := float64(float64(a[i])*p) - float64(float64(b[i])*q)
		d1 := float64(float64(a[i+1])*p) - float64(float64(b[i+1])*q)
		sum, sum1 = sum+d0*d0, sum1+d1*d1
	}
	if i < len(a) {
		d := float64(float64(a[i])*p) - float64(float64(b[i])*q)
		sum += d * d
	}
	return math.Sqrt(sum + sum1)
}
