package ort

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Further fields of onnx/onnx, onnx/onnx.proto3.
const (
	modelFunctions         = 25
	functionNode           = 7
	functionDefaults       = 11
	graphNode              = 1
	graphSparseInitializer = 15
	nodeAttribute          = 5
	attributeTensor        = 5
	attributeGraph         = 6
	attributeTensors       = 10
	attributeGraphs        = 11
	attributeSparse        = 22
	attributeSparses       = 23
	sparseValues           = 1
	sparseIndices          = 2
	tensorLocation         = 14
	locationExternal       = 1
)

// ErrExternal is returned for a graph whose weights lie in further files, which
// no hash vouches for.
var ErrExternal = errors.New("the graph keeps weights in further files, which are not read: save it as one file")

// complete returns ErrExternal for a graph that is not whole, and an error for
// what is no graph.
func complete(model []byte) error {
	err := inside(model, map[protowire.Number]func([]byte) error{
		modelGraph:     func(graph []byte) error { return wholeGraph(graph, 0) },
		modelFunctions: wholeFunction,
	})
	switch {
	case errors.Is(err, ErrExternal):
		return ErrExternal
	case err != nil:
		return fmt.Errorf("read the ONNX graph: %w", err)
	}
	return nil
}

// deepest is how many graphs may lie in each other.
const deepest = 32

func wholeGraph(graph []byte, depth int) error {
	if depth > deepest {
		return fmt.Errorf("more than %d graphs lie in each other", deepest)
	}
	return inside(graph, map[protowire.Number]func([]byte) error{
		graphInitializer:       wholeTensor,
		graphSparseInitializer: wholeSparse,
		graphNode:              func(node []byte) error { return wholeNode(node, depth) },
	})
}

// wholeFunction looks into a function that the model brings for its nodes.
func wholeFunction(function []byte) error {
	return inside(function, map[protowire.Number]func([]byte) error{
		functionNode:     func(node []byte) error { return wholeNode(node, 0) },
		functionDefaults: func(attribute []byte) error { return wholeAttribute(attribute, 0) },
	})
}

func wholeNode(node []byte, depth int) error {
	return inside(node, map[protowire.Number]func([]byte) error{
		nodeAttribute: func(attribute []byte) error { return wholeAttribute(attribute, depth) },
	})
}

func wholeAttribute(attribute []byte, depth int) error {
	graph := func(inner []byte) error { return wholeGraph(inner, depth+1) }
	return inside(attribute, map[protowire.Number]func([]byte) error{
		attributeTensor: wholeTensor, attributeTensors: wholeTensor,
		attributeGraph: graph, attributeGraphs: graph,
		attributeSparse: wholeSparse, attributeSparses: wholeSparse,
	})
}

func wholeSparse(sparse []byte) error {
	return inside(sparse, map[protowire.Number]func([]byte) error{sparseValues: wholeTensor, sparseIndices: wholeTensor})
}

func wholeTensor(tensor []byte) error {
	return each(tensor, func(f field) error {
		if f.number != tensorLocation || f.kind != protowire.VarintType {
			return nil
		}
		if f.varint() == locationExternal {
			return ErrExternal
		}
		return nil
	})
}

// inside visits the messages of some fields of a message.
func inside(message []byte, visit map[protowire.Number]func([]byte) error) error {
	return each(message, func(f field) error {
		if within := visit[f.number]; within != nil && f.kind == protowire.BytesType {
			return within(f.inner)
		}
		return nil
	})
}

// varint is the number of a field that is one.
func (f field) varint() uint64 {
	_, _, tag := protowire.ConsumeTag(f.raw)
	value, _ := protowire.ConsumeVarint(f.raw[tag:])
	return value
}
