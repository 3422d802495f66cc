package recognize

import (
	"context"
	"fmt"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
)

// Input says how a network wants its pixels: each channel c of 0 to 255
// becomes (x - Mean[c]) / Std[c], in the network's channel order.
type Input struct {
	Side int  // pixels
	RGB  bool // channel order red, green, blue; the opposite otherwise
	Mean [3]float32
	Std  [3]float32
}

// network is a recogniser whose graph takes 1x3xSidexSide float32.
type network struct {
	session *ort.Session
	input   Input
	dim     int
}

// OpenNetwork takes over a session, which it closes, of a graph that turns one
// 1x3xSidexSide picture into dim values. A graph of another shape is an error
// that says what differs.
func OpenNetwork(session *ort.Session, input Input, dim int) (Recognizer, error) {
	in, out := session.Inputs(), session.Outputs()
	want := []int64{1, 3, int64(input.Side), int64(input.Side)}
	if len(in) != 1 || !fits(in[0].Shape, want) {
		return nil, fmt.Errorf("graph takes %v, want one input of %v", in, want)
	}
	if len(out) != 1 || !fits(out[0].Shape, []int64{1, int64(dim)}) {
		return nil, fmt.Errorf("graph gives %v, want one output of %d values", out, dim)
	}
	return &network{session, input, dim}, nil
}

// fits compares a graph's shape, where -1 is left open, with the wanted one.
func fits(shape, want []int64) bool {
	if len(shape) != len(want) {
		return false
	}
	for i := range shape {
		if shape[i] >= 0 && shape[i] != want[i] {
			return false
		}
	}
	return true
}

func (n *network) Dim() int { return n.dim }

func (n *network) Close() error { return n.session.Close() }

func (n *network) Recognize(ctx context.Context, aligned *cv.Image) ([]float32, error) {
	tensor, err := n.tensor(aligned)
	if err != nil {
		return nil, err
	}
	out, err := n.session.Run(ctx, tensor)
	if err != nil {
		return nil, err
	}
	if len(out[0].Data) != n.dim {
		return nil, fmt.Errorf("graph gave %d values, want %d", len(out[0].Data), n.dim)
	}
	return out[0].Data, nil
}

func (n *network) tensor(aligned *cv.Image) (ort.Tensor, error) {
	side := n.input.Side
	if aligned.Width() != side || aligned.Height() != side || aligned.Channels() != 3 {
		return ort.Tensor{}, fmt.Errorf("aligned face of %dx%d pixels and %d channels, want %dx%d and 3",
			aligned.Width(), aligned.Height(), aligned.Channels(), side, side)
	}
	pixels, err := aligned.Pixels()
	if err != nil {
		return ort.Tensor{}, err
	}
	plane := side * side
	data := make([]float32, 3*plane)
	for c := range 3 {
		from := c // channel in the pixels, which are blue, green, red
		if n.input.RGB {
			from = 2 - c
		}
		mean, std, out := n.input.Mean[c], n.input.Std[c], data[c*plane:(c+1)*plane]
		for i := range out {
			out[i] = (float32(pixels[3*i+from]) - mean) / std
		}
	}
	return ort.Tensor{Shape: []int64{1, 3, int64(side), int64(side)}, Data: data}, nil
}
