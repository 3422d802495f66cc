// Package dlibtest writes small shape predictors and random networks in dlib's
// file format, so that tests need no real ones.
package dlibtest

import (
	"math"
	"math/bits"

	"github.com/visagedb/visage/internal/face"
)

// Pixels is how many pixels a predictor of Predictor looks at.
const Pixels = 3

// Predictor returns a predictor that puts these points, in shares of the box,
// into every face: one level of one tree, whose two leaves move nothing. It
// compares the first and the last of its pixels, which lie on the first point.
func Predictor(points []face.Point) []byte {
	var b writer
	b.integer(1) // version
	still := make([]face.Point, len(points))
	b.shape(points)
	b.counts(1, 1, 1) // levels, trees, splits
	b.counts(0, Pixels-1)
	b.float(0.5)
	b.counts(2) // leaves
	b.shape(still)
	b.shape(still)
	b.counts(1, Pixels)
	b.counts(make([]uint64, Pixels)...)
	b.counts(1, Pixels)
	for range 2 * Pixels {
		b.float(0)
	}
	return b
}

// writer appends numbers as dlib does (dlib/serialize.h, dlib/float_details.h).
type writer []byte

func (b *writer) counts(values ...uint64) {
	for _, v := range values {
		n := max(1, (bits.Len64(v)+7)/8)
		*b = append(*b, byte(n))
		for range n {
			*b = append(*b, byte(v))
			v >>= 8
		}
	}
}

func (b *writer) integer(v int64) {
	at := len(*b)
	if v >= 0 {
		b.counts(uint64(v))
		return
	}
	b.counts(uint64(-v))
	(*b)[at] |= 0x80
}

// The bits of a mantissa.
const (
	single = 24
	double = 53
)

// real writes a mantissa of so many bits without the bytes at its end that are
// zero, as dlib does, and its exponent of two.
func (b *writer) real(v float64, bits int) {
	fraction, exponent := math.Frexp(v)
	mantissa := int64(math.Ldexp(fraction, bits))
	exponent -= bits
	for i := 0; i < 8 && mantissa&0xff == 0; i++ {
		mantissa >>= 8
		exponent += 8
	}
	b.integer(mantissa)
	b.integer(int64(exponent))
}

// float writes a whole mantissa of 24 bits and its exponent of two.
func (b *writer) float(v float32) {
	fraction, exponent := math.Frexp(float64(v))
	b.integer(int64(math.Ldexp(fraction, 24)))
	b.integer(int64(exponent - 24))
}

// shape writes a column of x,y.
func (b *writer) shape(points []face.Point) {
	b.integer(-int64(2 * len(points)))
	b.integer(-1)
	for _, p := range points {
		b.float(p.X)
		b.float(p.Y)
	}
}
