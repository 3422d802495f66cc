package ort

import (
	"google.golang.org/protobuf/encoding/protowire"
)

// Further fields of onnx/onnx, onnx/onnx.proto3.
const (
	nodeInput     = 1
	nodeOutput    = 2
	nodeOp        = 4
	attributeName = 1
	attributeInt  = 3
	attributeType = 20
	typeOfInt     = 2
	tensorType    = 1

	float32Type = 1
	float16Type = 10
)

// wideName is what the name of a widened input or output ends with.
const wideName = "_float32"

// widen gives a graph inputs and outputs of float32 where it has some of
// float16, with nodes that convert: onnxruntime_go has no tensors of float16.
// Others come back as they are.
func widen(model []byte) ([]byte, error) {
	half := false
	err := each(model, func(f field) error {
		if f.number != modelGraph {
			return nil
		}
		return each(f.inner, func(f field) error {
			if f.number != graphInput && f.number != graphOutput {
				return nil
			}
			kind, err := elementType(f.inner)
			half = half || kind == float16Type
			return err
		})
	})
	if err != nil || !half {
		return model, err
	}
	return rewrite(model, func(number protowire.Number, inner []byte) ([]byte, error) {
		if number != modelGraph {
			return inner, nil
		}
		return widenGraph(inner)
	})
}

// widenGraph converts inputs before all nodes and outputs after them, since
// nodes come in the order in which they run.
func widenGraph(graph []byte) ([]byte, error) {
	weights, err := initializers(graph)
	if err != nil {
		return nil, err
	}
	var before, after []byte
	wide, err := rewrite(graph, func(number protowire.Number, inner []byte) ([]byte, error) {
		if number != graphInput && number != graphOutput {
			return inner, nil
		}
		name, err := textOf(inner, valueName)
		if err != nil || weights[name] {
			return inner, err
		}
		kind, err := elementType(inner)
		switch {
		case err != nil || kind != float16Type:
			return inner, err
		case number == graphInput:
			before = appendMessage(before, graphNode, cast(name+wideName, name, float16Type))
		default:
			after = appendMessage(after, graphNode, cast(name, name+wideName, float32Type))
		}
		return widenValue(inner, name+wideName)
	})
	return append(append(before, wide...), after...), err
}

// cast is a node that converts.
func cast(from, to string, kind uint64) []byte {
	attribute := appendMessage(nil, attributeName, []byte("to"))
	attribute = appendNumber(attribute, attributeInt, kind)
	attribute = appendNumber(attribute, attributeType, typeOfInt)
	node := appendMessage(nil, nodeInput, []byte(from))
	node = appendMessage(node, nodeOutput, []byte(to))
	node = appendMessage(node, nodeOp, []byte("Cast"))
	return appendMessage(node, nodeAttribute, attribute)
}

// widenValue renames a value and makes it one of float32.
func widenValue(value []byte, name string) ([]byte, error) {
	return rewrite(value, func(number protowire.Number, inner []byte) ([]byte, error) {
		switch number {
		case valueName:
			return []byte(name), nil
		case valueType:
			return rewrite(inner, func(number protowire.Number, inner []byte) ([]byte, error) {
				if number != typeTensor {
					return inner, nil
				}
				return appendNumber(inner[:len(inner):len(inner)], tensorType, float32Type), nil // the last counts
			})
		default:
			return inner, nil
		}
	})
}

// elementType is the type of a value's numbers, 0 for what is no tensor.
func elementType(value []byte) (kind uint64, err error) {
	err = inside(value, map[protowire.Number]func([]byte) error{valueType: func(of []byte) error {
		return inside(of, map[protowire.Number]func([]byte) error{typeTensor: func(tensor []byte) error {
			return each(tensor, func(f field) error {
				if f.number == tensorType && f.kind == protowire.VarintType {
					kind = f.varint()
				}
				return nil
			})
		}})
	}})
	return kind, err
}

func appendMessage(b []byte, number protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, number, protowire.BytesType), inner)
}

func appendNumber(b []byte, number protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, number, protowire.VarintType), v)
}
