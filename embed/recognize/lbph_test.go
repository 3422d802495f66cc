package recognize

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestUniformPatterns(t *testing.T) {
	t.Parallel()
	l := OpenLBPH().(*lbph)
	uniform := map[uint8]bool{}
	for pattern := range 256 {
		switch bin := l.bins[pattern]; {
		case transitions(uint8(pattern)) > 2 && bin != lbpBins-1:
			t.Errorf("pattern %08b has bin %d, want the last", pattern, bin)
		case transitions(uint8(pattern)) <= 2:
			uniform[bin] = true
		}
	}
	if len(uniform) != 58 || uniform[lbpBins-1] {
		t.Errorf("%d bins of uniform patterns, want 58 of their own", len(uniform))
	}
}

// The description of random pixels must be that of a plain re-implementation
// from the paper, to rounding at ties.
func TestDescriptionMatchesAPlainOne(t *testing.T) {
	t.Parallel()
	const side = 112
	random := rand.New(rand.NewPCG(1, 2))
	grey := make([]byte, side*side)
	for i := range grey {
		grey[i] = byte(random.IntN(256))
	}
	l := OpenLBPH().(*lbph)
	got := l.describe(grey, side, side)
	want := plainLBPH(grey, side, l)
	for i := range want {
		if math.Abs(float64(got[i])*float64(got[i])-want[i]) > 0.01 {
			t.Fatalf("bin %d: %.2f patterns, want %.0f", i, got[i]*got[i], want[i])
		}
	}
}

func plainLBPH(grey []byte, side int, l *lbph) []float64 {
	counts := make([]float64, lbpDim)
	for y := 3; y < side-3; y++ {
		for x := 3; x < side-3; x++ {
			pattern := 0
			for k := range 8 {
				angle := 2 * math.Pi * float64(k) / 8
				if interpolate(grey, side, float64(x)+2*math.Cos(angle), float64(y)-2*math.Sin(angle)) >= float64(grey[y*side+x])-flat {
					pattern |= 1 << k
				}
			}
			cell := (y*lbpGrid/side)*lbpGrid + x*lbpGrid/side
			counts[cell*lbpBins+int(l.bins[pattern])]++
		}
	}
	return counts
}

func interpolate(grey []byte, side int, x, y float64) float64 {
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := x-float64(x0), y-float64(y0)
	at := func(x, y int) float64 { return float64(grey[y*side+x]) }
	return (at(x0, y0)*(1-fx)+at(x0+1, y0)*fx)*(1-fy) + (at(x0, y0+1)*(1-fx)+at(x0+1, y0+1)*fx)*fy
}

// A uniform picture has no structure: every pixel has the pattern of ones, in
// spite of rounding in the interpolation.
func TestFlatPicture(t *testing.T) {
	t.Parallel()
	const side = 112
	l := OpenLBPH().(*lbph)
	for _, level := range []byte{0, 77, 255} {
		grey := make([]byte, side*side)
		for i := range grey {
			grey[i] = level
		}
		for i, v := range l.describe(grey, side, side) {
			if ones := i%lbpBins == int(l.bins[255]); ones != (v > 0) {
				t.Fatalf("level %d: bin %d is %g", level, i%lbpBins, v)
			}
		}
	}
}

func BenchmarkLBPH(b *testing.B) {
	grey := make([]byte, 112*112)
	for i := range grey {
		grey[i] = byte(i * i >> 5)
	}
	l := OpenLBPH().(*lbph)
	for b.Loop() {
		l.describe(grey, 112, 112)
	}
}
