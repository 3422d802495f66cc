// Package classify runs graphs that take pictures of one size and say a few values
// of each, and prepares faces for them.
package classify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/visagedb/visage/embed/internal/ort"
)

// Config describes a graph.
type Config struct {
	// Width, Height and Channels are those of the picture that the graph takes.
	// Required.
	Width, Height, Channels int
	// Last says that the graph takes rows, columns, channels; otherwise it takes
	// channels, rows, columns.
	Last bool
	// Outputs are what to read, at least one.
	Outputs []Output
}

// Output is one output of a graph.
type Output struct {
	Name   string // may be empty where the graph has no other
	Values int    // for each picture
}

// batch is how many pictures go into one run at most, as in embed/recognize.
const batch = 8

// Session is a graph that can be run: *ort.Session, or what stands before one.
type Session interface {
	Inputs() []ort.Port
	Outputs() []ort.Port
	Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error)
	Close() error
}

// Network is a graph that is ready to run. Several goroutines may use it.
type Network struct {
	session Session
	config  Config
	places  []int     // of the outputs among the graph's
	most    int       // pictures in one run
	buffers sync.Pool // of *[]float32, the numbers of one run
}

// Open takes over a session, which it closes, unless it returns an error: that of a
// graph of another shape says what differs. The graph is tried on numbers that are no
// picture. One that leaves the number of pictures open, but does not bear several or
// says something else of a picture beside others, gets one at a time. The end of ctx
// ends the trial.
func Open(ctx context.Context, session Session, config Config) (*Network, error) {
	n := &Network{session: session, config: config}
	if err := n.fits(); err != nil {
		return nil, err
	}
	pattern := n.pattern()
	alone, err := n.run(ctx, 1, pattern)
	if err == nil && n.most > 1 && !n.bearsTwo(ctx, pattern, alone) {
		n.most = 1
	}
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return nil, fmt.Errorf("try the graph: %w", err)
	}
	return n, nil
}

// fits compares the graph with its description.
func (n *Network) fits() error {
	in, out := n.session.Inputs(), n.session.Outputs()
	want := n.shape(1)
	if len(in) != 1 || len(in[0].Shape) != len(want) || !open(in[0].Shape[1:], want[1:]) || in[0].Shape[0] > 1 || in[0].Shape[0] == 0 {
		return fmt.Errorf("the graph takes %v, want one input of [1 or open, %d, %d, %d]", in, want[1], want[2], want[3])
	}
	n.most = 1
	if in[0].Shape[0] < 0 {
		n.most = batch
	}
	for _, o := range n.config.Outputs {
		at := slices.IndexFunc(out, func(p ort.Port) bool { return p.Name == o.Name })
		if o.Name == "" && len(out) == 1 {
			at = 0
		}
		if at < 0 {
			return fmt.Errorf("the graph gives %v, want an output %q", out, o.Name)
		}
		n.places = append(n.places, at)
	}
	return nil
}

// open says whether a graph's dimensions, where -1 is left open, can be the wanted
// ones.
func open(shape, want []int64) bool {
	for i := range shape {
		if shape[i] >= 0 && shape[i] != want[i] {
			return false
		}
	}
	return true
}

// shape is that of an input of so many pictures.
func (n *Network) shape(pictures int) []int64 {
	c, w, h := int64(n.config.Channels), int64(n.config.Width), int64(n.config.Height)
	if n.config.Last {
		return []int64{int64(pictures), h, w, c}
	}
	return []int64{int64(pictures), c, h, w}
}

// pattern is an input of stripes.
func (n *Network) pattern() []float32 {
	const period = 17 // divides the sides of no usual picture
	out := make([]float32, n.Numbers())
	for i := range out {
		out[i] = float32(i%period) / (period - 1)
	}
	return out
}

// bearsTwo says whether a picture's values are the same beside another one.
func (n *Network) bearsTwo(ctx context.Context, picture []float32, alone [][][]float32) bool {
	const most = 1e-3 // as a share of the largest value
	two, err := n.run(ctx, 2, append(slices.Clip(picture), make([]float32, len(picture))...))
	if err != nil {
		return false
	}
	for o, values := range alone {
		largest, off := 0.0, 0.0
		for i, v := range values[0] {
			largest, off = max(largest, math.Abs(float64(v))), max(off, math.Abs(float64(v-two[o][0][i])))
		}
		if !(off <= most*largest) {
			return false
		}
	}
	return true
}

// Numbers is how many numbers a picture has.
func (n *Network) Numbers() int { return n.config.Width * n.config.Height * n.config.Channels }

// Run says of so many pictures the values of each output, as a Batch does. Prepare writes
// all Numbers of a picture to where it is told, and must not keep that. It runs on the
// caller's processor.
func (n *Network) Run(ctx context.Context, pictures int, prepare func(i int, to []float32) error) ([][][]float32, error) {
	b := n.Batch(pictures)
	defer b.Free()
	for i := range pictures {
		if err := prepare(i, b.Picture(i)); err != nil {
			return nil, err
		}
	}
	return b.Run(ctx)
}

// run says the values of each output for the numbers of so many pictures.
func (n *Network) run(ctx context.Context, pictures int, data []float32) ([][][]float32, error) {
	out, err := n.session.Run(ctx, ort.Tensor{Shape: n.shape(pictures), Data: data})
	if err != nil {
		return nil, err
	}
	said := make([][][]float32, len(n.places))
	for o, place := range n.places {
		per, all := n.config.Outputs[o].Values, out[place].Data
		if len(all) != pictures*per {
			return nil, fmt.Errorf("output %q of the graph has %d values for %d pictures, want %d for each", n.config.Outputs[o].Name, len(all), pictures, per)
		}
		for values := range slices.Chunk(all, per) {
			if slices.ContainsFunc(values, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) }) {
				return nil, errors.New("the graph gives a number that is none")
			}
			said[o] = append(said[o], values)
		}
	}
	return said, nil
}

// Close frees the graph once running calls have ended. It may be called twice.
func (n *Network) Close() error { return n.session.Close() }
