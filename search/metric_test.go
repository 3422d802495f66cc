package search_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

var metrics = []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular}

// The wanted figures are worked out by hand: (3,4) and (4,3) have the lengths
// 5 and 5 and the product 24, hence the cosine 0.96; their directions are
// (0.6,0.8) and (0.8,0.6), sqrt(0.08) apart.
func TestDistanceByHand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		metric face.Metric
		a, b   []float32
		want   float64
	}{
		{"cosine", face.Cosine, []float32{3, 4}, []float32{4, 3}, 0.04},
		{"euclidean", face.Euclidean, []float32{3, 4}, []float32{4, 3}, math.Sqrt2},
		{"euclidean_l2", face.EuclideanL2, []float32{3, 4}, []float32{4, 3}, 0.282842712474619},
		{"angular", face.Angular, []float32{3, 4}, []float32{4, 3}, 0.0903344706017331},
		{"cosine of a right angle", face.Cosine, []float32{1, 0, 0}, []float32{0, 0, 7}, 1},
		{"angular of a right angle", face.Angular, []float32{1, 0, 0}, []float32{0, 0, 7}, 0.5},
		{"euclidean_l2 of a right angle", face.EuclideanL2, []float32{1, 0, 0}, []float32{0, 0, 7}, math.Sqrt2},
		{"euclidean of a right angle", face.Euclidean, []float32{1, 0, 0}, []float32{0, 0, 7}, 7.0710678118654755},
		{"cosine of opposites", face.Cosine, []float32{1, 2, 2}, []float32{-2, -4, -4}, 2},
		{"angular of opposites", face.Angular, []float32{1, 2, 2}, []float32{-2, -4, -4}, 1},
		{"euclidean_l2 of opposites", face.EuclideanL2, []float32{1, 2, 2}, []float32{-2, -4, -4}, 2},
		{"euclidean of opposites", face.Euclidean, []float32{1, 2, 2}, []float32{-2, -4, -4}, 9},
		{"angular of 60 degrees", face.Angular, []float32{1, 1, 0}, []float32{0, 1, 1}, 1.0 / 3},
		{"one component", face.Cosine, []float32{2}, []float32{5}, 0},
		{"largest components", face.Cosine, []float32{math.MaxFloat32, 0}, []float32{math.MaxFloat32, math.MaxFloat32}, 1 - math.Sqrt2/2},
		{"smallest components", face.Cosine, []float32{math.SmallestNonzeroFloat32, 0}, []float32{0, math.SmallestNonzeroFloat32}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := search.Distance(c.metric, c.a, c.b)
			if err != nil || !near(got, c.want, 1e-12) {
				t.Errorf("distance %.16g (%v), want %.16g", got, err, c.want)
			}
		})
	}
}

func TestDistanceRefuses(t *testing.T) {
	t.Parallel()
	good := []float32{1, 2, 3}
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		name string
		bad  []float32
		want face.Code
	}{
		{"shorter", []float32{1, 2}, face.Mismatch},
		{"longer", []float32{1, 2, 3, 4}, face.Mismatch},
		{"absent", nil, face.Mismatch},
		{"zero", []float32{0, 0, 0}, face.Invalid},
		{"NaN", []float32{1, nan, 3}, face.Invalid},
		{"infinite", []float32{1, 2, inf}, face.Invalid},
		{"minus infinite", []float32{-inf, 2, 3}, face.Invalid},
	} {
		for _, metric := range metrics {
			t.Run(fmt.Sprintf("%s by %s", c.name, metric), func(t *testing.T) {
				t.Parallel()
				_, err := search.Distance(metric, c.bad, good)
				wantCode(t, err, c.want)
				_, err = search.Distance(metric, good, c.bad)
				wantCode(t, err, c.want)
			})
		}
	}
	_, err := search.Distance("taxicab", good, good)
	wantCode(t, err, face.Invalid)
	_, err = search.Distance(face.Cosine, nil, nil)
	wantCode(t, err, face.Mismatch)
}

// Whatever two vectors point at: distances are symmetric to the last bit, a
// vector is at 0 from itself, and cosine, euclidean_l2 and angular follow from
// each other.
func TestDistanceProperties(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 500 {
		dim := 1 + r.IntN(130)
		a, b := random(r, dim), random(r, dim)
		if i%3 == 0 { // close ones too
			for j := range b {
				b[j] = a[j] + b[j]*1e-3
			}
		}
		d := map[face.Metric]float64{}
		for _, metric := range metrics {
			d[metric] = distance(t, metric, a, b)
			if back := distance(t, metric, b, a); back != d[metric] {
				t.Errorf("%s is %g one way and %g the other", metric, d[metric], back)
			}
			if self := distance(t, metric, a, a); self != 0 {
				t.Errorf("%s of a vector to itself is %g", metric, self)
			}
		}
		if want := math.Sqrt(2 * d[face.Cosine]); !near(d[face.EuclideanL2], want, 1e-7) {
			t.Errorf("euclidean_l2 %g, from cosine %g", d[face.EuclideanL2], want)
		}
		if want := math.Acos(1-d[face.Cosine]) / math.Pi; !near(d[face.Angular], want, 1e-9) {
			t.Errorf("angular %g, from cosine %g", d[face.Angular], want)
		}
	}
}

// Rounding pushes the cosine of vectors of one direction beyond 1, and the
// distance of opposite ones beyond 2; the answers stay within their ranges.
func TestDistanceStaysInRange(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(13, 14))
	for range 2000 {
		a := make([]float32, 5)
		along, against := make([]float32, 5), make([]float32, 5)
		for i := range a {
			a[i] = float32(math.Ldexp(float64(1+r.IntN(1<<21)), r.IntN(16))) // its triple is exact, their sums are not
			along[i], against[i] = 3*a[i], -3*a[i]
		}
		for metric, largest := range map[face.Metric]float64{face.Cosine: 2, face.EuclideanL2: 2, face.Angular: 1} {
			if d := distance(t, metric, a, along); !(d >= 0 && d < 1e-7) {
				t.Fatalf("%s of %v and its triple is %g", metric, a, d)
			}
			if d := distance(t, metric, a, against); !(d <= largest && d > largest-1e-7) {
				t.Fatalf("%s of %v and its opposite is %.17g", metric, a, d)
			}
		}
	}
}

func TestEuclideanOfUnitVectorsIsEuclideanL2(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		a, b := unitRandom(r, 128), unitRandom(r, 128)
		raw, l2 := distance(t, face.Euclidean, a, b), distance(t, face.EuclideanL2, a, b)
		if !near(raw, l2, 1e-6) {
			t.Errorf("euclidean %g, euclidean_l2 %g", raw, l2)
		}
	}
}

func distance(t *testing.T, metric face.Metric, a, b []float32) float64 {
	t.Helper()
	d, err := search.Distance(metric, a, b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// FuzzDistance: whatever bytes the vectors hold, the answer is an error or a
// distance within the metric's range, the same both ways.
func FuzzDistance(f *testing.F) {
	f.Add([]byte{0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 0, 63, 0, 0, 128, 191})
	f.Add([]byte{1, 0, 0, 0, 255, 255, 127, 127})
	f.Add([]byte{0, 0, 192, 127, 0, 0, 128, 63})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		v := make([]float32, len(raw)/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		a, b := v[:len(v)/2], v[len(v)/2:]
		for metric, largest := range map[face.Metric]float64{
			face.Cosine: 2, face.Euclidean: math.MaxFloat64, face.EuclideanL2: 2, face.Angular: 1,
		} {
			d, err := search.Distance(metric, a, b)
			back, errBack := search.Distance(metric, b, a)
			if (err == nil) != (errBack == nil) {
				t.Fatalf("%s: %v one way, %v the other", metric, err, errBack)
			}
			if err == nil && (!(d >= 0 && d <= largest) || d != back) {
				t.Errorf("%s of %v and %v is %g, and %g the other way", metric, a, b, d, back)
			}
		}
	})
}

func BenchmarkDistance(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, dim := range []int{128, 512} {
		x, y := random(r, dim), random(r, dim)
		for _, metric := range metrics {
			b.Run(fmt.Sprintf("%s/%d", metric, dim), func(b *testing.B) {
				for b.Loop() {
					if _, err := search.Distance(metric, x, y); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
