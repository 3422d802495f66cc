package ort

import (
	"fmt"
	"strconv"
	"strings"

	onnx "github.com/yalue/onnxruntime_go"
)

// Device is what runs a graph. The zero value is the processor.
type Device struct {
	cuda  bool
	index int // of the graphics card
}

// ParseDevice reads "cpu", "cuda" (the first card) or "cuda:N"; the empty text
// is the processor.
func ParseDevice(text string) (Device, error) {
	kind, number, numbered := strings.Cut(text, ":")
	switch {
	case text == "" || text == "cpu":
		return Device{}, nil
	case text == "cuda":
		return Device{cuda: true}, nil
	case kind == "cuda" && numbered:
		if index, err := strconv.ParseUint(number, 10, 8); err == nil {
			return Device{cuda: true, index: int(index)}, nil
		}
	}
	return Device{}, fmt.Errorf("device %q: use cpu, cuda or cuda:N", text)
}

// CPU says whether the processor runs the graph.
func (d Device) CPU() bool { return !d.cuda }

// String is what ParseDevice reads.
func (d Device) String() string {
	if d.cuda {
		return fmt.Sprintf("cuda:%d", d.index)
	}
	return "cpu"
}

// use adds CUDA's execution provider. It fails where ONNX Runtime was built
// without it or the card does not answer: nothing is computed elsewhere instead.
func (d Device) use(options *onnx.SessionOptions) (err error) {
	if !d.cuda {
		return nil
	}
	cuda, err := onnx.NewCUDAProviderOptions()
	if err != nil {
		return d.absent(err)
	}
	defer func() { _ = cuda.Destroy() }() // it was copied; freeing cannot fail
	if err := cuda.Update(map[string]string{"device_id": strconv.Itoa(d.index)}); err != nil {
		return d.absent(err)
	}
	if err := options.AppendExecutionProviderCUDA(cuda); err != nil {
		return d.absent(err)
	}
	return nil
}

func (d Device) absent(err error) error {
	return fmt.Errorf("device %s cannot be used: %w: name an ONNX Runtime that was built for CUDA by --ort-lib, or use --device cpu", d, err)
}
