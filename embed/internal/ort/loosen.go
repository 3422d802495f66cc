package ort

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of the messages of onnx/onnx, onnx/onnx.proto3.
const (
	modelGraph       = 7
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	graphValueInfo   = 13
	initializerName  = 8
	valueName        = 1
	valueType        = 2
	typeTensor       = 1
	tensorShape      = 2
	shapeDimension   = 1

	channelAxis = 1
)

// Loosen opens the sizes that a graph declares for its inputs and outputs, all
// dimensions but the second, which counts channels. Some graphs were exported
// with the sizes of an example, which other runtimes ignore and ONNX Runtime
// insists on; the nodes themselves must suit all sizes. Declared sizes of values
// in between are left out, since they would contradict. The graph given stays as
// it is. An error says that it is no ONNX graph.
func Loosen(graph []byte) ([]byte, error) {
	found := false
	out, err := rewrite(graph, func(number protowire.Number, inner []byte) ([]byte, error) {
		if number != modelGraph {
			return inner, nil
		}
		found = true
		return loosenGraph(inner)
	})
	if err == nil && !found {
		err = errors.New("the file holds none")
	}
	if err != nil {
		return nil, fmt.Errorf("open the sizes of the ONNX graph: %w", err)
	}
	return out, nil
}

// loosenGraph leaves inputs alone that are weights, as old graphs list them.
func loosenGraph(graph []byte) ([]byte, error) {
	weights, err := initializers(graph)
	if err != nil {
		return nil, err
	}
	return rewrite(graph, func(number protowire.Number, inner []byte) ([]byte, error) {
		switch number {
		case graphInput, graphOutput:
			name, err := textOf(inner, valueName)
			if err != nil || weights[name] {
				return inner, err
			}
			return loosenValue(inner)
		case graphValueInfo:
			return nil, nil
		default:
			return inner, nil
		}
	})
}

func initializers(graph []byte) (map[string]bool, error) {
	names := map[string]bool{}
	err := each(graph, func(f field) error {
		if f.number != graphInitializer {
			return nil
		}
		name, err := textOf(f.inner, initializerName)
		names[name] = true
		return err
	})
	return names, err
}

// textOf is the last value of a field of text, as protocol buffers have it.
func textOf(message []byte, number protowire.Number) (text string, err error) {
	err = each(message, func(f field) error {
		if f.number == number {
			text = string(f.inner)
		}
		return nil
	})
	return text, err
}

// loosenValue follows a value's type and the tensor's shape to its dimensions.
func loosenValue(value []byte) ([]byte, error) {
	within := func(wanted protowire.Number, change func([]byte) ([]byte, error)) func([]byte) ([]byte, error) {
		return func(message []byte) ([]byte, error) {
			return rewrite(message, func(number protowire.Number, inner []byte) ([]byte, error) {
				if number != wanted {
					return inner, nil
				}
				return change(inner)
			})
		}
	}
	return within(valueType, within(typeTensor, within(tensorShape, loosenShape)))(value)
}

// loosenShape empties dimensions: one without a number or name is unknown.
func loosenShape(shape []byte) ([]byte, error) {
	axis := -1
	return rewrite(shape, func(number protowire.Number, inner []byte) ([]byte, error) {
		if number != shapeDimension {
			return inner, nil
		}
		if axis++; axis == channelAxis {
			return inner, nil
		}
		return []byte{}, nil
	})
}

// rewrite copies a message with its fields of bytes changed; nil leaves a field
// out.
func rewrite(message []byte, change func(protowire.Number, []byte) ([]byte, error)) ([]byte, error) {
	out := make([]byte, 0, len(message))
	err := each(message, func(f field) error {
		if f.kind != protowire.BytesType {
			out = append(out, f.raw...)
			return nil
		}
		inner, err := change(f.number, f.inner)
		if err == nil && inner != nil {
			out = protowire.AppendBytes(protowire.AppendTag(out, f.number, f.kind), inner)
		}
		return err
	})
	return out, err
}

// field is one of a message's fields.
type field struct {
	number protowire.Number
	kind   protowire.Type
	raw    []byte // with its tag
	inner  []byte // of bytes, text or a message
}

// each visits the fields of a message. Errors are those of visit, and of bytes
// that are no message.
func each(message []byte, visit func(field) error) error {
	for len(message) > 0 {
		number, kind, tag := protowire.ConsumeTag(message)
		if tag < 0 {
			return protowire.ParseError(tag)
		}
		size := protowire.ConsumeFieldValue(number, kind, message[tag:])
		if size < 0 {
			return protowire.ParseError(size)
		}
		f := field{number: number, kind: kind, raw: message[:tag+size]}
		if kind == protowire.BytesType {
			f.inner, _ = protowire.ConsumeBytes(message[tag:])
		}
		if err := visit(f); err != nil {
			return fmt.Errorf("field %d: %w", number, err)
		}
		message = message[tag+size:]
	}
	return nil
}
