package ort_test

import (
	"context"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/onnxtest"
)

func run(t *testing.T, graph []byte, input ort.Tensor) []ort.Tensor {
	t.Helper()
	out, err := golden.Session(t, graph).Run(context.Background(), input)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	graph := onnxtest.Answers(onnxtest.Value{Name: "in", Shape: []int64{1, -1}},
		onnxtest.Answer{Name: "a", Tensor: onnxtest.Tensor{Shape: []int64{1, 2, 2}, Data: []float32{1, 2, 3, 4.5}}},
		onnxtest.Answer{Name: "b", Tensor: onnxtest.Tensor{Shape: []int64{1, 1}, Data: []float32{-7}}})
	out := run(t, graph, ort.Tensor{Shape: []int64{1, 3}, Data: []float32{9, 8, 7}})
	if len(out) != 2 || !slices.Equal(out[0].Data, []float32{1, 2, 3, 4.5}) || !slices.Equal(out[0].Shape, []int64{1, 2, 2}) || !slices.Equal(out[1].Data, []float32{-7}) {
		t.Errorf("got %v", out)
	}
}

// The softmax along axis 0 of a column of equal numbers is 1/2, the transposed
// and reshaped result keeps them, and LeakyRelu leaves what is positive.
func TestAttributes(t *testing.T) {
	t.Parallel()
	value := func(name string, shape ...int64) []onnxtest.Value {
		return []onnxtest.Value{{Name: name, Shape: shape}}
	}
	graph := onnxtest.Graph(value("in", 2, 2), value("out", 4),
		onnxtest.Node{Op: "LeakyRelu", Inputs: []string{"in"}, Outputs: []string{"leaky"}, Attributes: []onnxtest.Attribute{{Name: "alpha", Value: float32(0.5)}}},
		onnxtest.Node{Op: "Softmax", Inputs: []string{"leaky"}, Outputs: []string{"soft"}, Attributes: []onnxtest.Attribute{{Name: "axis", Value: int64(0)}}},
		onnxtest.Node{Op: "Add", Inputs: []string{"soft", "leaky"}, Outputs: []string{"sum"}},
		onnxtest.Node{Op: "Transpose", Inputs: []string{"sum"}, Outputs: []string{"turned"}, Attributes: []onnxtest.Attribute{{Name: "perm", Value: []int64{1, 0}}}},
		onnxtest.Constant("shape", onnxtest.Tensor{Shape: []int64{1}, Ints: []int64{4}}),
		onnxtest.Node{Op: "Reshape", Inputs: []string{"turned", "shape"}, Outputs: []string{"out"}})
	out := run(t, graph, ort.Tensor{Shape: []int64{2, 2}, Data: []float32{-2, 1, -2, 1}})
	if want := []float32{-0.5, -0.5, 1.5, 1.5}; !slices.Equal(out[0].Data, want) || !slices.Equal(out[0].Shape, []int64{4}) {
		t.Errorf("got %v", out)
	}
}
