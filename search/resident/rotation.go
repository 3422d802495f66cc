package resident

import (
	"math"
	"math/bits"
	"math/rand/v2"
)

// rounds is how often signs and transform follow each other. One spreads a component
// over all others, but maps two to as few as two; after three the components of any
// vector are as good as normally distributed (Ailon and Chazelle, The Fast
// Johnson-Lindenstrauss Transform, 2009; three is what Andoni and others, Practical and
// Optimal LSH for Angular Distance, 2015, use).
const rounds = 3

// rotation turns vectors of up to size components by a seeded random rotation: random
// signs and a Walsh-Hadamard transform, which takes n log n steps, rounds times. What
// is missing to the size, a power of two, is taken for zeros.
type rotation struct {
	size  int
	signs [rounds][]float32
}

// leastSize fills one word of bits, and one step of the kernel for bytes.
const leastSize = 64

func newRotation(dim int, seed uint64) rotation {
	r := rotation{size: max(leastSize, 1<<bits.Len(uint(dim-1)))}
	source := rand.New(rand.NewPCG(seed, uint64(r.size)))
	for i := range r.signs {
		r.signs[i] = make([]float32, r.size)
		for k := range r.signs[i] {
			r.signs[i][k] = 1 - 2*float32(source.Uint64()>>63)
		}
	}
	return r
}

// turn rotates v, of size components, in place.
func (r rotation) turn(v []float32) {
	for _, signs := range r.signs {
		for i := range v {
			v[i] *= signs[i]
		}
		hadamard(v)
	}
	by := float32(math.Pow(float64(r.size), -rounds/2.0))
	for i := range v {
		v[i] *= by
	}
}

// hadamard is the Walsh-Hadamard transform, which makes vectors longer by the root of
// their number of components, a power of two.
func hadamard(v []float32) {
	for half := 1; half < len(v); half *= 2 {
		for from := 0; from < len(v); from += 2 * half {
			low, high := v[from:from+half], v[from+half:from+2*half]
			for i, x := range low {
				low[i], high[i] = x+high[i], x-high[i]
			}
		}
	}
}
