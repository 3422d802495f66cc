package dlib

import "math"

// maxValue bounds the sizes of the numbers in a file: shares of a face's box,
// differences of pixels of 0 to 255, weights, rates.
const maxValue = 1e6

// reader takes what dlib writes (dlib/serialize.h, dlib/float_details.h) off the
// front of a file. Once broken it gives zeros only.
type reader struct {
	rest   []byte
	broken bool
}

// number reads an integer: a byte whose lower half is the length and whose top
// bit is the sign, then the magnitude, lowest byte first.
func (r *reader) number(size int) (magnitude uint64, negative bool) {
	if r.broken || len(r.rest) == 0 {
		return r.fail(), false
	}
	control := r.rest[0]
	n := int(control & 0x0f)
	if control&0x70 != 0 || n < 1 || n > size || n >= len(r.rest) {
		return r.fail(), false
	}
	for i := n; i > 0; i-- {
		magnitude = magnitude<<8 | uint64(r.rest[i])
	}
	r.rest = r.rest[n+1:]
	return magnitude, control&0x80 != 0
}

func (r *reader) fail() uint64 {
	r.broken = true
	return 0
}

// signed reads an integer of at most the given bytes.
func (r *reader) signed(size int) int64 {
	magnitude, negative := r.number(size)
	if magnitude >= 1<<(8*size-1) {
		r.broken = true
		return 0
	}
	if negative {
		return -int64(magnitude)
	}
	return int64(magnitude)
}

func (r *reader) unsigned() uint64 {
	magnitude, negative := r.number(8)
	r.broken = r.broken || negative
	return magnitude
}

// count reads how many things follow. Each takes two bytes or more, so that no
// count is larger than the file; a broken reader counts none.
func (r *reader) count() int {
	n := r.unsigned()
	if r.broken || n > uint64(len(r.rest)/2) {
		r.broken = true
		return 0
	}
	return int(n)
}

// float reads mantissa and exponent of two. What is no number or infinite has
// exponents above 31,999 and fails like all that is too large.
func (r *reader) float() {
	mantissa, exponent := r.signed(8), r.signed(2)
	r.broken = r.broken || exponent > 64 || math.Abs(math.Ldexp(float64(mantissa), int(exponent))) > maxValue
}
