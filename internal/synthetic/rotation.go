package synthetic

import (
	"math"
	"math/bits"
)

// rotation is a random one of a space of any dimension: random signs and a
// Walsh-Hadamard transform, on the components from the first on and then on those up
// to the last, as many as the largest power of two that fits; twice over. It takes
// n log n steps where a matrix would take n^2.
type rotation struct {
	size  int
	signs [2 * 2][]float64
}

func newRotation(dim int, seed uint64) rotation {
	r := rotation{size: 1 << (bits.Len(uint(dim)) - 1)}
	source := stream(seed, math.MaxUint64, 0) // nobody's
	for i := range r.signs {
		r.signs[i] = make([]float64, r.size)
		for k := range r.signs[i] {
			r.signs[i][k] = 1 - 2*float64(source.IntN(2))
		}
	}
	return r
}

// turn rotates v in place.
func (r rotation) turn(v []float64) {
	for i, signs := range r.signs {
		part := v[:r.size]
		if i%2 == 1 {
			part = v[len(v)-r.size:]
		}
		for k := range part {
			part[k] *= signs[k]
		}
		hadamard(part)
	}
}

// hadamard is the Walsh-Hadamard transform, scaled so that it keeps lengths. The
// number of components is a power of two.
func hadamard(v []float64) {
	for half := 1; half < len(v); half *= 2 {
		for from := 0; from < len(v); from += 2 * half {
			for i := from; i < from+half; i++ {
				v[i], v[i+half] = v[i]+v[i+half], v[i]-v[i+half]
			}
		}
	}
	by := 1 / math.Sqrt(float64(len(v)))
	for i := range v {
		v[i] *= by
	}
}
