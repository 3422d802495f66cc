package recognize_test

import (
	"context"
	"errors"
	"image"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/internal/onnxtest"
)

var identity = recognize.Input{Std: [3]float32{1, 1, 1}}

// graph is a network with random weights; its pictures have 16x24 pixels.
func graph(batch int64, last bool, dim int) onnxtest.Recognizer {
	shape := []int64{batch, 3, 24, 16}
	if last {
		shape = []int64{batch, 24, 16, 3}
	}
	return onnxtest.Recognizer{Input: onnxtest.Value{Name: "in", Shape: shape}, Last: last, Dim: dim, Seed: 7}
}

// noise makes crops of 16x24 pixels.
func noise(t *testing.T, n int) []*cv.Image {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	crops := make([]*cv.Image, n)
	for i := range crops {
		m := image.NewRGBA(image.Rect(0, 0, 16, 24))
		for k := range m.Pix {
			m.Pix[k] = byte(random.IntN(256))
			if k%4 == 3 {
				m.Pix[k] = 255
			}
		}
		crops[i] = encoded(t, m)
	}
	return crops
}

// The two layouts of one network, and runs of one face and of any number, give
// the same embeddings.
func TestLayoutsAndBatchesAgree(t *testing.T) {
	t.Parallel()
	crops := noise(t, 5)
	var want [][]float32
	for _, c := range []onnxtest.Recognizer{graph(1, false, 6), graph(-1, false, 6), graph(1, true, 6), graph(-1, true, 6)} {
		cfg := recognize.Config{Feed: recognize.NativeFeed(16, 24, identity), Dim: 6, Last: c.Last, Batch: 3}
		got := recognized(t, open(t, c.Encode(), cfg), crops...)
		if want == nil {
			want = got
		}
		for i := range got {
			if !slices.EqualFunc(got[i], want[i], func(a, b float32) bool { return a-b < 1e-2 && b-a < 1e-2 }) { // of some 1000
				t.Errorf("input %v: face %d is %v, want %v", c.Input.Shape, i, got[i], want[i])
			}
		}
	}
	if slices.Equal(want[0], want[1]) {
		t.Error("two pictures give the same: the test shows nothing")
	}
}

func TestGraphOfAnotherShapeIsRefused(t *testing.T) {
	t.Parallel()
	feed := recognize.NativeFeed(16, 24, identity)
	for name, c := range map[string]struct {
		graph onnxtest.Recognizer
		cfg   recognize.Config
		want  string
	}{
		"dimensions":  {graph(1, false, 6), recognize.Config{Feed: feed, Dim: 7}, "[1 6]], want one output of 7 values"},
		"size":        {graph(1, false, 6), recognize.Config{Feed: recognize.NativeFeed(24, 24, identity), Dim: 6}, "24, 24]"},
		"layout":      {graph(1, false, 6), recognize.Config{Feed: feed, Dim: 6, Last: true}, "[1 or open, 24, 16, 3]"},
		"fixed batch": {graph(4, false, 6), recognize.Config{Feed: feed, Dim: 6}, "4 faces at a time"},
	} {
		if _, err := recognize.OpenNetwork(t.Context(), golden.Session(t, c.graph.Encode()), c.cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
	}
}

// A graph whose shapes promise nothing is tried before it is used.
func TestGraphIsTried(t *testing.T) {
	t.Parallel()
	open := onnxtest.Graph([]onnxtest.Value{{Name: "in", Shape: []int64{-1, -1, -1, -1}}}, []onnxtest.Value{{Name: "out", Shape: []int64{-1, -1}}},
		onnxtest.Node{Op: "Flatten", Inputs: []string{"in"}, Outputs: []string{"out"}, Attributes: []onnxtest.Attribute{{Name: "axis", Value: int64(1)}}})
	cfg := recognize.Config{Feed: recognize.NativeFeed(16, 24, identity), Dim: 6}
	if _, err := recognize.OpenNetwork(t.Context(), golden.Session(t, open), cfg); err == nil || !strings.Contains(err.Error(), "1152 values for 1 faces, want 6") {
		t.Errorf("got %v", err)
	}
}

// A graph that leaves the number of faces open and cannot hold to that gets one
// at a time, so that every face has the embedding that it has alone.
func TestGraphsThatCannotBatch(t *testing.T) {
	t.Parallel()
	const values = 3 * 24 * 16
	matrix := onnxtest.Tensor{Shape: []int64{values, 6}, Data: make([]float32, values*6)}
	for i := range matrix.Data {
		matrix.Data[i] = float32(i%7) - 3
	}
	crops := noise(t, 3)
	dark, err := cv.Black(16, 24)
	golden.Check(t, err)
	t.Cleanup(func() { golden.Check(t, dark.Close()) })
	quiet := recognize.Input{Mean: [3]float32{-1, -2, -3}, Std: [3]float32{1, 1, 1}} // black is 1, 2, 3
	for name, nodes := range map[string][]onnxtest.Node{
		"fixed shape": {
			onnxtest.Constant("shape", onnxtest.Tensor{Shape: []int64{2}, Ints: []int64{1, values}}),
			{Op: "Reshape", Inputs: []string{"in", "shape"}, Outputs: []string{"flat"}},
		},
		"scale of the run": {
			{Op: "DynamicQuantizeLinear", Inputs: []string{"in"}, Outputs: []string{"bytes", "scale", "zero"}},
			{Op: "DequantizeLinear", Inputs: []string{"bytes", "scale", "zero"}, Outputs: []string{"rounded"}},
			{Op: "Flatten", Inputs: []string{"rounded"}, Outputs: []string{"flat"}},
		},
	} {
		nodes = append(nodes, onnxtest.Constant("matrix", matrix), onnxtest.Node{Op: "MatMul", Inputs: []string{"flat", "matrix"}, Outputs: []string{"out"}})
		graph := onnxtest.Graph([]onnxtest.Value{{Name: "in", Shape: []int64{-1, 3, 24, 16}}}, []onnxtest.Value{{Name: "out", Shape: []int64{-1, 6}}}, nodes...)
		n := open(t, graph, recognize.Config{Feed: recognize.NativeFeed(16, 24, quiet), Dim: 6, Workers: 1})
		alone := recognized(t, n, dark)[0]
		if got := recognized(t, n, dark, crops[0], crops[1], crops[2])[0]; !slices.Equal(got, alone) {
			t.Errorf("%s: %v beside others, %v alone", name, got, alone)
		}
	}
}

// A graph may run for ever; its trial ends with the context.
func TestTrialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	session := golden.Session(t, graph(1, false, 6).Encode())
	if _, err := recognize.OpenNetwork(ctx, session, recognize.Config{Feed: recognize.NativeFeed(16, 24, identity), Dim: 6}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
