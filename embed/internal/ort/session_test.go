package ort_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/onnxtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := ort.Open(); n != 0 {
		println("sessions left open:", n)
		code = 1
	}
	os.Exit(code)
}

// negate is a graph that changes the sign of a vector of any length.
func negate() []byte {
	return onnxtest.Graph(
		[]onnxtest.Value{{Name: "in", Shape: []int64{-1}}}, []onnxtest.Value{{Name: "out", Shape: []int64{-1}}},
		onnxtest.Node{Op: "Neg", Inputs: []string{"in"}, Outputs: []string{"out"}})
}

func vector(values ...float32) ort.Tensor {
	return ort.Tensor{Shape: []int64{int64(len(values))}, Data: values}
}

func TestRun(t *testing.T) {
	t.Parallel()
	s := golden.Session(t, negate())
	if in := s.Inputs(); len(in) != 1 || in[0].Name != "in" || !slices.Equal(in[0].Shape, []int64{-1}) {
		t.Errorf("inputs %v", in)
	}
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			out, err := s.Run(context.Background(), vector(float32(n), 2))
			if err != nil || !slices.Equal(out[0].Data, []float32{-float32(n), -2}) || !slices.Equal(out[0].Shape, []int64{2}) {
				t.Errorf("got %v, %v", out, err)
			}
		})
	}
	group.Wait()
	if _, err := s.Run(context.Background(), ort.Tensor{Shape: []int64{3}, Data: []float32{1}}); err == nil {
		t.Error("a tensor with fewer values than its shape ran")
	}
}

// A chain of large products takes seconds; the end of the context stops it.
func TestRunStopsWithItsContext(t *testing.T) {
	t.Parallel()
	const side, length = 1024, 1000
	nodes := make([]onnxtest.Node, length)
	for i := range nodes {
		nodes[i] = onnxtest.Node{Op: "MatMul", Inputs: []string{fmt.Sprint(i), "0"}, Outputs: []string{fmt.Sprint(i + 1)}}
	}
	shape := []int64{side, side}
	s := golden.Session(t, onnxtest.Graph([]onnxtest.Value{{Name: "0", Shape: shape}}, []onnxtest.Value{{Name: fmt.Sprint(length), Shape: shape}}, nodes...))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Run(ctx, ort.Tensor{Shape: shape, Data: make([]float32, side*side)}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Run(ctx, ort.Tensor{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a context that had ended: %v", err)
	}
}

func TestClosedSession(t *testing.T) {
	t.Parallel()
	s := golden.Session(t, negate())
	golden.Check(t, s.Close())
	golden.Check(t, s.Close())
	if _, err := s.Run(context.Background(), vector(1)); !errors.Is(err, ort.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestWhatIsNoGraph(t *testing.T) {
	t.Parallel()
	runtime, err := ort.OpenRuntime(golden.OrtLib(t))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { golden.Check(t, runtime.Close()) }()
	if _, err := runtime.NewSession([]byte("not a graph"), ort.Config{}); err == nil {
		t.Error("text became a session")
	}
	if _, err := ort.OpenRuntime("/nonexistent/libonnxruntime.so"); err == nil || !strings.Contains(err.Error(), "already loaded") {
		t.Errorf("a second library: %v", err)
	}
}
