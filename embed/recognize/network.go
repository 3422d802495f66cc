package recognize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
)

// Config describes a network.
type Config struct {
	// Feed makes its numbers. Required.
	Feed Feed
	// Dim is how many values it gives for a face. Required.
	Dim int
	// Last says that the graph takes rows, columns, channels; otherwise it takes
	// channels, rows, columns.
	Last bool
	// Workers is how many runs there may be at once. Defaults to the number of
	// processors that Go may use.
	Workers int
	// Turns are the processors, of which each run has one. Defaults to as many as
	// there are Workers.
	Turns *semaphore.Weighted
	// Batch is how many faces go into one run at most, where the graph takes
	// several. Defaults to 8: more were no faster, and take more memory.
	Batch int
	// Ran is told how many faces went into each run. Defaults to nobody being told.
	Ran func(faces int)
}

func (c Config) withDefaults() Config {
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Turns == nil {
		c.Turns = semaphore.NewWeighted(int64(c.Workers))
	}
	if c.Batch == 0 {
		c.Batch = 8
	}
	if c.Ran == nil {
		c.Ran = func(int) {}
	}
	return c
}

// Session is a graph that can be run: *ort.Session, or what stands before one.
type Session interface {
	Inputs() []ort.Port
	Outputs() []ort.Port
	Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error)
	Close() error
}

// network is a recogniser by a graph of one input and one output.
type network struct {
	session Session
	config  Config
	batcher batcher
	inputs  sync.Pool // of *[]float32, each the numbers of one face
}

// OpenNetwork takes over a session, which it closes, unless it returns an error:
// that of a graph of another shape says what differs. The graph is tried on
// numbers that are no face, so that what cannot work shows now and the first face
// does not wait for what is prepared once. A graph that leaves the number of faces
// open, but does not bear several, or gives a face another embedding beside
// others, gets one at a time. The end of ctx ends the trial.
func OpenNetwork(ctx context.Context, session Session, config Config) (Recognizer, error) {
	n := &network{session: session, config: config.withDefaults()}
	batch, err := n.fits()
	if err != nil {
		return nil, err
	}
	alone, err := n.run(ctx, n.pattern(1), 1)
	if err == nil && batch > 1 && !n.batches(ctx, alone[0]) {
		batch = 1
	}
	if err = cmp.Or(err, ctx.Err()); err != nil {
		return nil, fmt.Errorf("try the graph: %w", err)
	}
	n.batcher = batcher{run: n.run, most: batch, workers: n.config.Workers, turns: n.config.Turns, ran: n.config.Ran}
	return n, nil
}

// batches says whether a face has the same embedding in a run of two as it has
// alone. Shapes that an export has fixed do not even allow the run; numbers that
// are rounded by a scale of the whole run (ONNX's DynamicQuantizeLinear), or
// normalised over it, come out otherwise, and more so as the other face's numbers
// are much larger.
func (n *network) batches(ctx context.Context, alone []float32) bool {
	const louder, most = 64, 0.01 // as a share of the embedding's length: a cosine of 0.99995
	two, err := n.run(ctx, append(n.pattern(1), n.pattern(louder)...), 2)
	if err != nil {
		return false
	}
	var difference, size float64
	for i, v := range alone {
		d := float64(two[0][i]) - float64(v)
		difference, size = difference+d*d, size+float64(v)*float64(v)
	}
	return difference <= most*most*size
}

// pattern is an input of stripes between -by and by.
func (n *network) pattern(by float32) []float32 {
	const period = 17 // divides the sides of no usual picture
	out := n.input()
	for i := range out {
		out[i] = by * (2*float32(i%period)/(period-1) - 1)
	}
	return out
}

// fits compares the graph with what was said of it, and returns how many faces
// it takes in one run.
func (n *network) fits() (batch int, err error) {
	in, out := n.session.Inputs(), n.session.Outputs()
	width, height := n.config.Feed.size()
	want := n.shape(1)
	if len(in) != 1 || !match(in[0].Shape[min(1, len(in[0].Shape)):], want[1:]) {
		return 0, fmt.Errorf("the graph takes %v, want one input of [1 or open, %d, %d, %d] for a picture of %dx%d pixels",
			shapes(in), want[1], want[2], want[3], width, height)
	}
	if len(out) != 1 || values(out[0].Shape) != n.config.Dim && values(out[0].Shape) >= 0 {
		return 0, fmt.Errorf("the graph gives %v, want one output of %d values for each face", shapes(out), n.config.Dim)
	}
	switch first := in[0].Shape[0]; {
	case first == 1:
		return 1, nil
	case first < 0:
		return n.config.Batch, nil
	default:
		return 0, fmt.Errorf("the graph takes %d faces at a time, want 1 or any number", first)
	}
}

// shape is that of an input of so many faces.
func (n *network) shape(faces int) []int64 {
	width, height := n.config.Feed.size()
	if n.config.Last {
		return []int64{int64(faces), int64(height), int64(width), 3}
	}
	return []int64{int64(faces), 3, int64(height), int64(width)}
}

// match compares a graph's shape, where -1 is left open, with the wanted one.
func match(shape, want []int64) bool {
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

// values is how many values an output has for each face, -1 where that is open.
func values(shape []int64) int {
	if len(shape) < 2 {
		return 0
	}
	n := 1
	for _, d := range shape[1:] {
		if d < 0 {
			return -1
		}
		n *= int(d)
	}
	return n
}

func shapes(ports []ort.Port) []string {
	texts := make([]string, len(ports))
	for i, p := range ports {
		texts[i] = fmt.Sprintf("%s of %v", p.Name, p.Shape)
	}
	return texts
}

func (n *network) Dim() int { return n.config.Dim }

func (n *network) Batch() int { return n.batcher.most }

func (n *network) Close() error {
	n.batcher.close()
	return n.session.Close()
}

func (n *network) Fed(crop *cv.Image) ([]float32, error) {
	out := n.input()
	return out, n.config.Feed.feed(crop, out, true)
}

// input is room for the numbers of one face.
func (n *network) input() []float32 {
	width, height := n.config.Feed.size()
	return make([]float32, 3*width*height)
}

// borrow is input in memory that was used before, if there is any.
func (n *network) borrow() []float32 {
	if used, ok := n.inputs.Get().(*[]float32); ok {
		return *used
	}
	return n.input()
}

func (n *network) Recognize(ctx context.Context, crops []*cv.Image) ([][]float32, error) {
	inputs := make([][]float32, len(crops))
	for i, crop := range crops {
		inputs[i] = n.borrow()
		if err := n.config.Feed.feed(crop, inputs[i], n.config.Last); err != nil {
			return nil, err
		}
	}
	embeddings, err := n.batcher.do(ctx, inputs)
	if err != nil {
		return nil, err
	}
	for i := range inputs {
		n.inputs.Put(&inputs[i])
	}
	return embeddings, nil
}

// run computes the embeddings of n inputs.
func (n *network) run(ctx context.Context, inputs []float32, faces int) ([][]float32, error) {
	out, err := n.session.Run(ctx, ort.Tensor{Shape: n.shape(faces), Data: inputs})
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, errors.New("the graph gave more than one output")
	}
	all := out[0].Data
	if len(all) != faces*n.config.Dim {
		return nil, fmt.Errorf("the graph gave %d values for %d faces, want %d for each", len(all), faces, n.config.Dim)
	}
	embeddings := make([][]float32, faces)
	for i := range embeddings {
		embeddings[i] = all[i*n.config.Dim : (i+1)*n.config.Dim : (i+1)*n.config.Dim]
	}
	return embeddings, nil
}
