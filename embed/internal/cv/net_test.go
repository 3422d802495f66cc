package cv_test

import (
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/visagedb/visage/embed/internal/caffetest"
	"github.com/visagedb/visage/embed/internal/cv"
)

// A network of 2x3 answers: the mean of the first channel, twice the third's
// plus one, a constant, and so on.
func caffe(t *testing.T) *cv.Net {
	t.Helper()
	description, weights := caffetest.Net(4, 3, []caffetest.Row{
		{Weights: [3]float32{1, 0, 0}}, {Weights: [3]float32{0, 0, 2}, Bias: 1}, {Bias: -7},
		{Weights: [3]float32{0, 1, 0}}, {Weights: [3]float32{1, 1, 1}}, {Bias: 0.25},
	})
	net, err := cv.OpenCaffe(description, weights)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, net.Close()) })
	return net
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// input is a picture of 4x4 pixels with one value in each channel.
func input(a, b, c float32) []float32 {
	return slices.Concat(slices.Repeat([]float32{a}, 16), slices.Repeat([]float32{b}, 16), slices.Repeat([]float32{c}, 16))
}

func TestNetRunsACaffeNetwork(t *testing.T) {
	t.Parallel()
	net := caffe(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			a := float32(i)
			shape, got, err := net.Forward([]int64{1, 3, 4, 4}, input(a, 20, 30))
			if err != nil {
				t.Error(err)
				return
			}
			if !slices.Equal(shape, []int64{1, 1, 2, 3}) {
				t.Errorf("shape %v, want 1x1x2x3", shape)
			}
			for k, want := range []float32{a, 61, -7, 20, a + 50, 0.25} {
				if math.Abs(float64(got[k]-want)) > 1e-4 {
					t.Errorf("input %v: value %d is %v, want %v", a, k, got[k], want)
				}
			}
		})
	}
	group.Wait()
}

// None of these may end the process.
func TestNetRefuses(t *testing.T) {
	t.Parallel()
	description, weights := caffetest.Net(4, 3, []caffetest.Row{{}, {}, {}})
	for name, files := range map[string][2][]byte{
		"nothing":             {nil, nil},
		"no weights":          {description, nil},
		"junk":                {[]byte("layer {"), weights},
		"an unknown layer":    {[]byte(`layer { name: "a" type: "Nonsense" top: "b" }`), weights},
		"truncated weights":   {description, weights[:len(weights)-3]},
		"weights of no layer": {description, []byte{0x0a, 0x01, 'x'}},
	} {
		net, err := cv.OpenCaffe(files[0], files[1])
		if err == nil {
			_, _, err = net.Forward([]int64{1, 3, 4, 4}, input(1, 2, 3))
		}
		if err == nil {
			t.Errorf("%s became a network", name)
		}
		check(t, net.Close())
	}
}

func TestNetRefusesInputs(t *testing.T) {
	t.Parallel()
	net := caffe(t)
	for _, shape := range [][]int64{nil, {}, {48}, {1, 3, 4, 5}, {1, 3, -4, -4}, {1, 3, 0, 4}, {1 << 40, 1 << 40}, {1, 1, 1, 1, 1, 1, 1, 1, 48}} {
		if _, _, err := net.Forward(shape, make([]float32, 48)); err == nil {
			t.Errorf("shape %v was taken", shape)
		}
	}
	if _, _, err := net.Forward([]int64{1, 3, 4, 4}, input(1, 2, 3)); err != nil {
		t.Errorf("after errors: %v", err)
	}
	check(t, net.Close())
	check(t, net.Close())
	if _, _, err := net.Forward([]int64{1, 3, 4, 4}, input(1, 2, 3)); err == nil {
		t.Error("a closed network ran")
	}
}
