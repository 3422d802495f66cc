// Package onnxtest writes small ONNX graphs for tests, so that no binary file
// has to be kept: the protocol buffers of onnx/onnx, onnx/onnx.proto3, as far
// as a chain of nodes needs them.
package onnxtest

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Node is one operation; names tie outputs to inputs.
type Node struct {
	Op         string
	Inputs     []string
	Outputs    []string
	Attributes []Attribute
}

// Value is an input or output of the graph, float32 or, if Half is set, float16.
// A dimension below 0 is left open.
type Value struct {
	Name  string
	Shape []int64
	Half  bool
}

// Model is a graph with all that a test may ask for.
type Model struct {
	Inputs, Outputs []Value
	Values          []Value           // what the graph declares of values in between
	Initializers    map[string]Tensor // weights by their names
	Nodes           []Node
}

// Graph encodes a model that consists of nodes only.
func Graph(inputs, outputs []Value, nodes ...Node) []byte {
	return Model{Inputs: inputs, Outputs: outputs, Nodes: nodes}.Encode()
}

// Encode writes a model of opset 13.
func (m Model) Encode() []byte {
	var graph []byte
	for _, n := range m.Nodes {
		graph = message(graph, 1, n.encode())
	}
	graph = text(graph, 2, "test")
	for _, name := range slices.Sorted(maps.Keys(m.Initializers)) {
		graph = message(graph, 5, text(m.Initializers[name].encode(), 8, name))
	}
	for _, v := range m.Inputs {
		graph = message(graph, 11, v.encode())
	}
	for _, v := range m.Outputs {
		graph = message(graph, 12, v.encode())
	}
	for _, v := range m.Values {
		graph = message(graph, 13, v.encode())
	}
	const irVersion, opset = 7, 13
	model := number(nil, 1, irVersion)
	model = message(model, 7, graph)
	return message(model, 8, number(text(nil, 1, ""), 2, opset))
}

func (n Node) encode() (b []byte) {
	for _, name := range n.Inputs {
		b = text(b, 1, name)
	}
	for _, name := range n.Outputs {
		b = text(b, 2, name)
	}
	b = text(b, 4, n.Op)
	for _, a := range n.Attributes {
		b = message(b, 5, a.encode())
	}
	return b
}

func (v Value) encode() []byte {
	var shape []byte
	for _, n := range v.Shape {
		dim := text(nil, 2, "open")
		if n >= 0 {
			dim = number(nil, 1, uint64(n))
		}
		shape = message(shape, 1, dim)
	}
	kind := uint64(Float)
	if v.Half {
		kind = Float16
	}
	tensor := message(number(nil, 1, kind), 2, shape)
	return message(text(nil, 1, v.Name), 2, message(nil, 1, tensor))
}

func message(b []byte, field protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), inner)
}

func text(b []byte, field protowire.Number, s string) []byte {
	return message(b, field, []byte(s))
}

func number(b []byte, field protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}
