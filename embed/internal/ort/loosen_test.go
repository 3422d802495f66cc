package ort_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/onnxtest"
)

// declared is a graph that says it takes ten pictures of 3x32x32, and says so of
// a value in between, too. It lists a weight among its inputs, as graphs of 2019
// do.
func declared() []byte {
	example := []int64{10, 3, 32, 32}
	return onnxtest.Model{
		Inputs:       []onnxtest.Value{{Name: "in", Shape: example}, {Name: "weight", Shape: []int64{1, 3, 1, 1}}},
		Outputs:      []onnxtest.Value{{Name: "out", Shape: []int64{10, 3, 32, 32}}},
		Values:       []onnxtest.Value{{Name: "negative", Shape: example}},
		Initializers: map[string]onnxtest.Tensor{"weight": {Shape: []int64{1, 3, 1, 1}, Data: []float32{1, 10, 100}}},
		Nodes: []onnxtest.Node{
			{Op: "Neg", Inputs: []string{"in"}, Outputs: []string{"negative"}},
			{Op: "Mul", Inputs: []string{"negative", "weight"}, Outputs: []string{"out"}},
		},
	}.Encode()
}

func TestLoosen(t *testing.T) {
	t.Parallel()
	graph := declared()
	picture := ort.Tensor{Shape: []int64{1, 3, 2, 1}, Data: []float32{1, 2, 3, 4, 5, 6}}
	if _, err := golden.Session(t, graph).Run(context.Background(), picture); err == nil {
		t.Fatal("the graph ran with another size before it was loosened: the test shows nothing")
	}
	before := slices.Clone(graph)
	loose, err := ort.Loosen(graph)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(graph, before) {
		t.Error("the graph given was changed")
	}
	s := golden.Session(t, loose)
	for _, ports := range [][]ort.Port{s.Inputs(), s.Outputs()} {
		if len(ports) != 1 || !slices.Equal(ports[0].Shape, []int64{-1, 3, -1, -1}) {
			t.Errorf("ports %v, want one of [-1 3 -1 -1]", ports)
		}
	}
	out, err := s.Run(context.Background(), picture)
	if want := []float32{-1, -2, -30, -40, -500, -600}; err != nil || !slices.Equal(out[0].Data, want) {
		t.Errorf("got %v, %v, want %v", out, err, want)
	}
	if again, err := ort.Loosen(loose); err != nil || !bytes.Equal(again, loose) {
		t.Errorf("loosened twice it is another graph (%v)", err)
	}
}

// A weight that is listed among the inputs keeps the sizes by which ONNX Runtime
// infers those of what it makes.
func TestLoosenLeavesWeights(t *testing.T) {
	t.Parallel()
	shape := []int64{5, 3, 1, 1}
	graph := onnxtest.Model{
		Inputs:       []onnxtest.Value{{Name: "weight", Shape: shape}},
		Initializers: map[string]onnxtest.Tensor{"weight": {Shape: shape, Data: make([]float32, 15)}},
	}.Encode()
	if loose, err := ort.Loosen(graph); err != nil || !bytes.Equal(loose, graph) {
		t.Errorf("%d bytes became %d, %v", len(graph), len(loose), err)
	}
}

func TestLoosenRefusesJunk(t *testing.T) {
	t.Parallel()
	graph := declared()
	for name, junk := range map[string][]byte{
		"nothing": nil, "text": []byte("not a graph"), "cut short": graph[:len(graph)/2], "no graph": {8, 7},
		"graph of junk":       append([]byte{7<<3 | 2, 3}, "abc"...),
		"a length too large":  {7<<3 | 2, 255, 255, 255, 255, 255, 255, 255, 255, 127},
		"input of junk":       {7<<3 | 2, 4, 11<<3 | 2, 2, 255, 255},
		"initializer of junk": {7<<3 | 2, 3, 5<<3 | 2, 1, 255},
	} {
		if _, err := ort.Loosen(junk); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What is loosened is never larger and stays the same when loosened again.
func FuzzLoosen(f *testing.F) {
	f.Add(declared())
	f.Add(negate())
	f.Fuzz(func(t *testing.T, graph []byte) {
		loose, err := ort.Loosen(graph)
		if err != nil {
			return
		}
		again, err := ort.Loosen(loose)
		if err != nil || !bytes.Equal(again, loose) || len(loose) > len(graph) {
			t.Errorf("%d bytes give %d, then %d, %v", len(graph), len(loose), len(again), err)
		}
	})
}
