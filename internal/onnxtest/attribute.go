package onnxtest

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Attribute is a setting of a node. Its value is an int64, []int64, float32 or
// Tensor; another type panics, since the test is wrong then.
type Attribute struct {
	Name  string
	Value any
}

// Tensor is a constant of float32, or of int64 if Ints is set, such as the
// shape that Reshape takes as an input. A nil shape is a scalar. The data of an
// External one lies in another file, which there is none of.
type Tensor struct {
	Shape    []int64
	Data     []float32
	Ints     []int64
	External bool
}

// Constant is a node that gives a name to a tensor.
func Constant(name string, t Tensor) Node {
	return Node{Op: "Constant", Outputs: []string{name}, Attributes: []Attribute{{Name: "value", Value: t}}}
}

// encode writes an AttributeProto; the numbers of field 20 are its types.
func (a Attribute) encode() []byte {
	b := text(nil, 1, a.Name)
	switch v := a.Value.(type) {
	case float32:
		b = protowire.AppendTag(b, 2, protowire.Fixed32Type)
		return number(protowire.AppendFixed32(b, math.Float32bits(v)), 20, 1)
	case int64:
		return number(number(b, 3, uint64(v)), 20, 2)
	case Tensor:
		return number(message(b, 5, v.encode()), 20, 4)
	case []int64:
		return number(integers(b, 8, v), 20, 7)
	default:
		panic(fmt.Sprintf("onnxtest: attribute %s is a %T", a.Name, a.Value))
	}
}

// Types of numbers, as TensorProto and the node Cast count them.
const (
	Float   = 1
	int64s  = 7
	Float16 = 10
)

// encode writes a TensorProto.
func (t Tensor) encode() []byte {
	b := integers(nil, 1, t.Shape)
	if t.External {
		const external = 1
		return number(message(number(b, 2, Float), 13, text(text(nil, 1, "location"), 2, "weights.bin")), 14, external)
	}
	if t.Ints != nil {
		return integers(number(b, 2, int64s), 7, t.Ints)
	}
	var data []byte
	for _, v := range t.Data {
		data = protowire.AppendFixed32(data, math.Float32bits(v))
	}
	return message(number(b, 2, Float), 4, data)
}

func integers(b []byte, field protowire.Number, values []int64) []byte {
	for _, v := range values {
		b = number(b, field, uint64(v))
	}
	return b
}
