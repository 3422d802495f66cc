package ort

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/x448/float16"
	onnx "github.com/yalue/onnxruntime_go"
)

// value makes a graph's input of float32. Where the graph takes half precision
// the numbers are rounded to it.
func (s *Session) value(input Tensor) (onnx.Value, error) {
	shape := onnx.Shape(input.Shape)
	if !s.inputs[0].Half {
		return onnx.NewTensor(shape, input.Data)
	}
	half := make([]byte, 0, 2*len(input.Data))
	for _, v := range input.Data {
		half = binary.LittleEndian.AppendUint16(half, float16.Fromfloat32(v).Bits())
	}
	return onnx.NewCustomDataTensor(shape, half, onnx.TensorElementDataTypeFloat16)
}

// copyOut takes the outputs, of either precision, into Go's memory.
func copyOut(values []onnx.Value) ([]Tensor, error) {
	results := make([]Tensor, len(values))
	for i, v := range values {
		switch t := v.(type) {
		case *onnx.Tensor[float32]:
			results[i] = Tensor{Shape: t.GetShape().Clone(), Data: append([]float32(nil), t.GetData()...)}
		case *onnx.CustomDataTensor:
			results[i] = Tensor{Shape: t.GetShape().Clone(), Data: widen(t.GetData())}
		default:
			return nil, fmt.Errorf("output %d of the graph is a %T, not a tensor of float32 or float16", i, v)
		}
	}
	return results, nil
}

func widen(half []byte) []float32 {
	out := make([]float32, len(half)/2)
	for i := range out {
		out[i] = float16.Frombits(binary.LittleEndian.Uint16(half[2*i:])).Float32()
	}
	return out
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
