package ort_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/onnxtest"
	"google.golang.org/protobuf/encoding/protowire"
)

// halved is negate in half precision.
func halved() []byte {
	return onnxtest.Graph(
		[]onnxtest.Value{{Name: "in", Shape: []int64{-1}, Half: true}}, []onnxtest.Value{{Name: "out", Shape: []int64{-1}, Half: true}},
		onnxtest.Node{Op: "Neg", Inputs: []string{"in"}, Outputs: []string{"out"}})
}

// Numbers of half precision go in and come out unchanged but for what the graph
// does. ONNX Runtime may compute in float32 in between, so others need not be
// rounded.
func TestHalfPrecision(t *testing.T) {
	t.Parallel()
	s := golden.Session(t, halved())
	out, err := s.Run(context.Background(), vector(1, -0.5, 1+1./1024, 65504, 0.0625))
	if err != nil {
		t.Fatal(err)
	}
	if want := []float32{-1, 0.5, -1 - 1./1024, -65504, -0.0625}; !slices.Equal(out[0].Data, want) {
		t.Errorf("got %v, want %v", out[0].Data, want)
	}
}

func TestOutputIsChosenByName(t *testing.T) {
	t.Parallel()
	graph := onnxtest.Answers(onnxtest.Value{Name: "in", Shape: []int64{1}},
		onnxtest.Answer{Name: "a", Tensor: onnxtest.Tensor{Shape: []int64{1}, Data: []float32{1}}},
		onnxtest.Answer{Name: "b", Tensor: onnxtest.Tensor{Shape: []int64{1}, Data: []float32{2}}})
	runtime, err := ort.OpenRuntime(golden.OrtLib(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { golden.Check(t, runtime.Close()) }()
	s, err := runtime.NewSession(graph, ort.Config{Output: "b"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { golden.Check(t, s.Close()) }()
	if out, err := s.Run(context.Background(), vector(0)); err != nil || len(out) != 1 || out[0].Data[0] != 2 {
		t.Errorf("got %v, %v", out, err)
	}
	if _, err := runtime.NewSession(graph, ort.Config{Output: "c"}); err == nil || !strings.Contains(err.Error(), `["a" "b"]`) {
		t.Errorf("an output that is not there: %v", err)
	}
}

// Weights in further files are refused wherever the graph names them, before
// ONNX Runtime looks for them.
func TestGraphOfSeveralFilesIsRefused(t *testing.T) {
	t.Parallel()
	in, out := []onnxtest.Value{{Name: "in", Shape: []int64{1}}}, []onnxtest.Value{{Name: "out", Shape: []int64{1}}}
	add := onnxtest.Node{Op: "Add", Inputs: []string{"in", "weight"}, Outputs: []string{"out"}}
	weight := onnxtest.Tensor{Shape: []int64{1}, External: true}
	runtime, err := ort.OpenRuntime(golden.OrtLib(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { golden.Check(t, runtime.Close()) }()
	for name, graph := range map[string][]byte{
		"initializer": onnxtest.Model{Inputs: in, Outputs: out, Initializers: map[string]onnxtest.Tensor{"weight": weight}, Nodes: []onnxtest.Node{add}}.Encode(),
		"constant":    onnxtest.Graph(in, out, onnxtest.Constant("weight", weight), add),
		"function":    append(onnxtest.Graph(in, out, onnxtest.Node{Op: "Relu", Inputs: []string{"in"}, Outputs: []string{"out"}}), externalFunction()...),
	} {
		if _, err := runtime.NewSession(graph, ort.Config{}); !errors.Is(err, ort.ErrExternal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// externalFunction is a function of a model, with a node that has an attribute
// whose tensor lies in another file.
func externalFunction() []byte {
	const location, external = 14, 1
	inner := protowire.AppendVarint(protowire.AppendTag(nil, location, protowire.VarintType), external)
	for _, field := range []protowire.Number{5, 5, 7, 25} { // tensor, attribute, node, function
		inner = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), inner)
	}
	return inner
}

func TestDevices(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "cpu", "cpu": "cpu", "cuda": "cuda:0", "cuda:3": "cuda:3"} {
		if d, err := ort.ParseDevice(text); err != nil || d.String() != want || d.CPU() != (want == "cpu") {
			t.Errorf("%q is %v, %v", text, d, err)
		}
	}
	for _, text := range []string{"gpu", "cuda:", "cuda:-1", "cuda:x", "cuda:256", "CUDA"} {
		if d, err := ort.ParseDevice(text); err == nil {
			t.Errorf("%q is %v", text, d)
		}
	}
}

// What is asked of a graphics card is never computed elsewhere: without one, or
// without ONNX Runtime's part for it, it is an error.
func TestAbsentDeviceIsAnError(t *testing.T) {
	t.Parallel()
	runtime, err := ort.OpenRuntime(golden.OrtLib(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { golden.Check(t, runtime.Close()) }()
	device, err := ort.ParseDevice("cuda:255") // no machine has so many
	if err != nil {
		t.Fatal(err)
	}
	s, err := runtime.NewSession(negate(), ort.Config{Device: device})
	if err == nil {
		_, err = s.Run(context.Background(), vector(1))
		golden.Check(t, s.Close())
	}
	if err == nil || !strings.Contains(err.Error(), "cuda:255") || !strings.Contains(err.Error(), "--device cpu") {
		t.Errorf("got %v", err)
	}
}
