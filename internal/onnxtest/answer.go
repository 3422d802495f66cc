package onnxtest

import "fmt"

// Answer is an output that is the same whatever the input is. Its shape is that
// of the data.
type Answer struct {
	Name string
	Tensor
}

// Answers encodes a model that returns the answers to any input of the declared
// shape: each is its constant, plus nothing times the mean of the input.
func Answers(input Value, answers ...Answer) []byte {
	const mean, nothing, zero = "mean", "nothing", "zero"
	nodes := []Node{
		{Op: "ReduceMean", Inputs: []string{input.Name}, Outputs: []string{mean}, Attributes: []Attribute{{"keepdims", int64(0)}}},
		Constant(nothing, Tensor{Data: []float32{0}}),
		{Op: "Mul", Inputs: []string{mean, nothing}, Outputs: []string{zero}},
	}
	var outputs []Value
	for i, a := range answers {
		constant := fmt.Sprint("constant", i)
		nodes = append(nodes, Constant(constant, a.Tensor),
			Node{Op: "Add", Inputs: []string{constant, zero}, Outputs: []string{a.Name}})
		outputs = append(outputs, Value{Name: a.Name, Shape: a.Shape})
	}
	return Graph([]Value{input}, outputs, nodes...)
}
