package onnxtest

import "math/rand/v2"

// Recognizer encodes a network with random weights that turns pictures into
// vectors of dim values: the mean colours of a grid of 8x8 cells, and a product
// with a matrix. The input has four dimensions, of which the last counts the
// channels if last is set, and else the second; height and width must be given.
// Relu leaves no value below 0.
type Recognizer struct {
	Input Value
	Last  bool
	Dim   int
	Relu  bool
	Seed  uint64
}

// Encode writes the network.
func (r Recognizer) Encode() []byte {
	const cells = 8
	channels, height, width := r.Input.Shape[1], r.Input.Shape[2], r.Input.Shape[3]
	var nodes []Node
	picture := r.Input.Name
	if r.Last {
		height, width, channels = r.Input.Shape[1], r.Input.Shape[2], r.Input.Shape[3]
		nodes = append(nodes, Node{Op: "Transpose", Inputs: []string{picture}, Outputs: []string{"planes"}, Attributes: []Attribute{{"perm", []int64{0, 3, 1, 2}}}})
		picture = "planes"
	}
	// Cells as large as fit beside each other; what is left over is not looked at.
	kernel := []int64{height / cells, width / cells}
	rows, columns := (height-kernel[0])/kernel[0]+1, (width-kernel[1])/kernel[1]+1
	nodes = append(nodes,
		Node{Op: "AveragePool", Inputs: []string{picture}, Outputs: []string{"cells"}, Attributes: []Attribute{{"kernel_shape", kernel}, {"strides", kernel}}},
		Node{Op: "Flatten", Inputs: []string{"cells"}, Outputs: []string{"flat"}, Attributes: []Attribute{{"axis", int64(1)}}},
		Constant("matrix", r.matrix(channels*rows*columns)),
	)
	product := "embedding"
	if r.Relu {
		product = "product"
	}
	nodes = append(nodes, Node{Op: "MatMul", Inputs: []string{"flat", "matrix"}, Outputs: []string{product}})
	if r.Relu {
		nodes = append(nodes, Node{Op: "Relu", Inputs: []string{product}, Outputs: []string{"embedding"}})
	}
	return Graph([]Value{r.Input}, []Value{{Name: "embedding", Shape: []int64{r.Input.Shape[0], int64(r.Dim)}}}, nodes...)
}

func (r Recognizer) matrix(rows int64) Tensor {
	random := rand.New(rand.NewPCG(r.Seed, 1))
	t := Tensor{Shape: []int64{rows, int64(r.Dim)}, Data: make([]float32, int(rows)*r.Dim)}
	for i := range t.Data {
		t.Data[i] = float32(random.NormFloat64())
	}
	return t
}
