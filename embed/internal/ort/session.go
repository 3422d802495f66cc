package ort

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	onnx "github.com/yalue/onnxruntime_go"
)

// Port is an input or output of a graph. A dimension that the graph leaves open
// is -1.
type Port struct {
	Name  string
	Shape []int64
}

// Tensor is a dense array of float32, the last dimension running fastest.
type Tensor struct {
	Shape []int64
	Data  []float32
}

// Session is a graph that is ready to run. Run may be called by several
// goroutines at once (microsoft/onnxruntime issue 114); Close waits for them.
type Session struct {
	inputs, outputs []Port
	mu              sync.RWMutex
	session         *onnx.DynamicAdvancedSession // nil when closed
}

// Config says how a session runs.
type Config struct {
	// Threads works on one run. Defaults to 1: throughput comes from several
	// runs at once.
	Threads int
	// Device runs the graph. Defaults to the processor.
	Device Device
	// Output is the name of the only output to compute. Defaults to all.
	Output string
}

// Where weights are kept in 8 bits and widened by the graph, ONNX Runtime would
// round what they are multiplied with to 8 bits too, by a scale that depends on
// all of a batch: embeddings of EdgeFace then lie at a cosine of 0.999 from its
// authors', and differ from batch to batch (onnxruntime_session_options_config_
// keys.h: 1 is float32).
const (
	integerMatMul = "session.qdq_matmulnbits_accuracy_level"
	fullPrecision = "1"
)

// NewSession loads an ONNX graph, all of which must be in the bytes given. The
// caller closes it before the Runtime.
func (r *Runtime) NewSession(graph []byte, config Config) (*Session, error) {
	if err := complete(graph); err != nil {
		return nil, err
	}
	graph, err := widen(graph)
	if err != nil {
		return nil, fmt.Errorf("read the ONNX graph: %w", err)
	}
	s, err := describe(graph, config.Output)
	if err != nil {
		return nil, err
	}
	options, err := onnx.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("ONNX session options: %w", err)
	}
	defer func() { _ = options.Destroy() }() // the session keeps a copy; freeing cannot fail
	err = errors.Join(
		options.SetIntraOpNumThreads(max(1, config.Threads)),
		options.SetInterOpNumThreads(1),
		options.SetLogSeverityLevel(onnx.LoggingLevelError), // not the warning that a size differs from the declared one
		options.AddSessionConfigEntry(integerMatMul, fullPrecision),
	)
	if err != nil {
		return nil, fmt.Errorf("ONNX session options: %w", err)
	}
	if err := config.Device.use(options); err != nil {
		return nil, err
	}
	s.session, err = onnx.NewDynamicAdvancedSessionWithONNXData(graph, names(s.inputs), names(s.outputs), options)
	if err != nil {
		return nil, fmt.Errorf("load the ONNX graph: %w", err)
	}
	open.Add(1)
	return s, nil
}

// describe reads what the graph takes and gives.
func describe(graph []byte, output string) (*Session, error) {
	inputs, outputs, err := onnx.GetInputOutputInfoWithONNXData(graph)
	if err != nil {
		return nil, fmt.Errorf("read the ONNX graph: %w", err)
	}
	if output != "" {
		i := slices.IndexFunc(outputs, func(o onnx.InputOutputInfo) bool { return o.Name == output || o.Name == output+wideName })
		if i < 0 {
			return nil, fmt.Errorf("the graph has no output %q: it has %q", output, names(ports(outputs)))
		}
		outputs = outputs[i : i+1]
	}
	for _, port := range slices.Concat(inputs, outputs) {
		if port.DataType != onnx.TensorElementDataTypeFloat {
			return nil, fmt.Errorf("%q of the graph is of the type %s: only float32 and float16 are handled", port.Name, port.DataType)
		}
	}
	return &Session{inputs: ports(inputs), outputs: ports(outputs)}, nil
}

// Inputs describes what Run takes, in order.
func (s *Session) Inputs() []Port { return s.inputs }

// Outputs describes what Run returns, in order.
func (s *Session) Outputs() []Port { return s.outputs }

// Run computes the outputs from the graph's only input. The result is in Go's
// memory and the caller's. It stops early with the context's error when ctx ends.
func (s *Session) Run(ctx context.Context, input Tensor) ([]Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.session == nil {
		return nil, ErrClosed
	}
	if len(s.inputs) != 1 {
		return nil, fmt.Errorf("the graph has %d inputs: only those with one can be run", len(s.inputs))
	}
	in, err := onnx.NewTensor(onnx.Shape(input.Shape), input.Data)
	if err != nil {
		return nil, fmt.Errorf("input of the graph: %w", err)
	}
	out := make([]onnx.Value, len(s.outputs))
	err = s.run(ctx, in, out)
	var results []Tensor
	if err == nil {
		results, err = copyOut(out)
	}
	return results, errors.Join(err, destroy(append(out, in)))
}

// run holds a handle by which the end of ctx stops the graph.
func (s *Session) run(ctx context.Context, in onnx.Value, out []onnx.Value) error {
	options, err := onnx.NewRunOptions()
	if err != nil {
		return fmt.Errorf("ONNX run options: %w", err)
	}
	stopped := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = options.Terminate() // the run that it stops reports the error
	})
	err = s.session.RunWithOptions([]onnx.Value{in}, out, options)
	if !unwatch() {
		<-stopped
		err = errors.Join(ctx.Err(), err)
	}
	return errors.Join(err, options.Destroy())
}

// copyOut keeps what the outputs hold: onnxruntime_go has copied it to Go's
// memory already.
func copyOut(values []onnx.Value) ([]Tensor, error) {
	results := make([]Tensor, len(values))
	for i, v := range values {
		t, ok := v.(*onnx.Tensor[float32])
		if !ok {
			return nil, fmt.Errorf("output %d of the graph is a %T, not a tensor of float32", i, v)
		}
		results[i] = Tensor{Shape: t.GetShape().Clone(), Data: t.GetData()}
	}
	return results, nil
}

func destroy(values []onnx.Value) error {
	var errs []error
	for _, v := range values {
		if v != nil {
			errs = append(errs, v.Destroy())
		}
	}
	return errors.Join(errs...)
}

// Close frees the graph once running calls have ended. It may be called twice.
func (s *Session) Close() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == nil {
		return nil
	}
	err := s.session.Destroy()
	s.session = nil
	open.Add(-1)
	return err
}

func ports(infos []onnx.InputOutputInfo) []Port {
	out := make([]Port, len(infos))
	for i, info := range infos {
		out[i] = Port{info.Name, info.Dimensions.Clone()}
	}
	return out
}

func names(ports []Port) []string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.Name
	}
	return out
}
