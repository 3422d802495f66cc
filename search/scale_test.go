package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// whole is a vector of whole numbers from -100 to 100, not all 0, times a power
// of two: exact in float32 from the smallest numbers that it has, at 2^-149,
// over 1e30, which is nearly 2^100, up to its largest.
func whole(seed uint64, dim, power int) []float32 {
	r := rand.New(rand.NewPCG(seed, 7))
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(math.Ldexp(float64(r.IntN(201)-100), power))
	}
	v[0] = float32(math.Ldexp(100, power))
	return v
}

// Section 1.3 of the parity reference at every size of vector: a vector is at 0
// from itself, distances are the same both ways and in their range, and other
// units change the raw euclidean distance by their factor and nothing else.
func TestDistanceAtEveryScale(t *testing.T) {
	t.Parallel()
	for _, dim := range []int{1, 2, 3, 127, 128, 512, 4095, 4096} {
		for _, power := range []int{-149, -140, -126, -64, 0, 64, 100, 120} {
			t.Run(fmt.Sprintf("%d components times 2^%d", dim, power), func(t *testing.T) {
				t.Parallel()
				a, b := whole(1, dim, power), whole(2, dim, power)
				for metric, largest := range map[face.Metric]float64{
					face.Cosine: 2, face.Euclidean: math.MaxFloat64, face.EuclideanL2: 2, face.Angular: 1,
				} {
					d := distance(t, metric, a, b)
					if !(d >= 0 && d <= largest) || d != distance(t, metric, b, a) {
						t.Errorf("%s is %g, and %g the other way", metric, d, distance(t, metric, b, a))
					}
					if self := distance(t, metric, a, slices.Clone(a)); self != 0 {
						t.Errorf("%s of a vector and its copy is %g", metric, self)
					}
					want := distance(t, metric, whole(1, dim, 0), whole(2, dim, 0))
					if metric == face.Euclidean {
						want = math.Ldexp(want, power)
					}
					if d != want {
						t.Errorf("%s is %.17g, want %.17g as without the factor", metric, d, want)
					}
				}
			})
		}
	}
}

// Worked out by hand for 4,096 dimensions: all ones, and ones in the first half
// only, have the lengths 64 and sqrt(2048) and the product 2048, hence the
// cosine sqrt(1/2), 45 degrees.
func TestDistanceInManyDimensions(t *testing.T) {
	t.Parallel()
	for _, size := range []float32{math.SmallestNonzeroFloat32, 1, 1e30} {
		a, b := make([]float32, 4096), make([]float32, 4096)
		for i := range a {
			a[i] = size
			if i < 2048 {
				b[i] = size
			}
		}
		for metric, want := range map[face.Metric]float64{
			face.Cosine: 1 - math.Sqrt2/2, face.Euclidean: math.Sqrt(2048) * float64(size),
			face.EuclideanL2: math.Sqrt(2 - math.Sqrt2), face.Angular: 0.25,
		} {
			if got := distance(t, metric, a, b); !near(got/want, 1, 1e-12) {
				t.Errorf("%s of vectors of %g is %.17g, want %.17g", metric, size, got, want)
			}
		}
	}
}

// An angle of 1e-4 short of the opposite direction, beyond which acos and the
// square roots have nothing left: still short of it, and by the right amount.
func TestDistanceOfNearOpposites(t *testing.T) {
	t.Parallel()
	tilt := float64(float32(1e-4))
	a, b := []float32{1, 0}, []float32{-1, 1e-4}
	for metric, want := range map[face.Metric]float64{
		face.Cosine: 1 + 1/math.Hypot(1, tilt), face.Euclidean: math.Hypot(2, tilt),
		face.EuclideanL2: 2 * math.Cos(math.Atan(tilt)/2), face.Angular: 1 - math.Atan(tilt)/math.Pi,
	} {
		if got := distance(t, metric, a, b); !near(got, want, 1e-11) {
			t.Errorf("%s is %.17g, want %.17g", metric, got, want)
		}
	}
	for metric, want := range map[face.Metric]float64{face.Cosine: 2, face.EuclideanL2: 2, face.Angular: 1} {
		v := whole(3, 4096, 0)
		opposite := make([]float32, len(v))
		for i, x := range v {
			opposite[i] = -x
		}
		if got := distance(t, metric, v, opposite); !near(got, want, 1e-15) {
			t.Errorf("%s of opposites is %.17g, want %g", metric, got, want)
		}
	}
}

// On vectors of length 1 all four metrics rank alike: they grow together with
// the angle, from 0 to half a turn.
func TestDistanceGrowsWithTheAngle(t *testing.T) {
	t.Parallel()
	last := map[face.Metric]float64{}
	for degrees := range 181 {
		for _, metric := range metrics {
			d := distance(t, metric, at(0).Vector, at(float64(degrees)).Vector)
			if degrees > 0 && !(d > last[metric]) {
				t.Errorf("%s: %g at %d degrees, %g at the degree before", metric, d, degrees, last[metric])
			}
			last[metric] = d
		}
	}
}

// Distances are not rounded before they are decided on, and the threshold
// itself is within (section 1.3: the decision is inclusive).
func TestDecisionIsInclusive(t *testing.T) {
	t.Parallel()
	for _, metric := range metrics {
		d := distance(t, metric, at(0).Vector, at(37).Vector)
		for threshold, want := range map[float64]bool{d: true, math.Nextafter(d, 0): false, math.Nextafter(d, 3): true} {
			limit := face.Threshold{Metric: metric, Distance: threshold}
			verified, err := search.Verify(photo(at(0)), photo(at(37)), search.VerifyOptions{Metric: metric, Threshold: limit})
			if err != nil || verified.Verified != want {
				t.Errorf("%s %g at %g: verified %t (%v), want %t", metric, d, threshold, verified.Verified, err, want)
			}
			found, err := gallery(t, enrolled{"sample-01", 37}).Find(t.Context(), photo(at(0)).Templates, search.FindOptions{Metric: metric, Threshold: limit})
			if err != nil || (found.Probes[0].Decision == search.Matched) != want {
				t.Errorf("%s %g at %g: %s (%v), want a match: %t", metric, d, threshold, found.Probes[0].Decision, err, want)
			}
		}
	}
}
