package detect_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// transposed shows a network of N x values x height x width as one of N x width
// x height x values, which is how the mtcnn package runs it.
type transposed struct{ detect.Network }

func (n transposed) Inputs() []ort.Port  { return transposedPorts(n.Network.Inputs()) }
func (n transposed) Outputs() []ort.Port { return transposedPorts(n.Network.Outputs()) }

func transposedPorts(ports []ort.Port) (out []ort.Port) {
	for _, p := range ports {
		if s := p.Shape; len(s) == 4 {
			p.Shape = []int64{s[0], s[3], s[2], s[1]}
		}
		out = append(out, p)
	}
	return out
}

func (n transposed) Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	out, err := n.Network.Run(ctx, turnRound(input))
	for i, t := range out {
		if len(t.Shape) == 4 {
			out[i] = turnRound(t)
		}
	}
	return out, err
}

// turnRound reverses the order of a tensor's axes but for the first.
func turnRound(t ort.Tensor) ort.Tensor {
	n, a, b, c := int(t.Shape[0]), int(t.Shape[1]), int(t.Shape[2]), int(t.Shape[3])
	out := ort.Tensor{Shape: []int64{t.Shape[0], t.Shape[3], t.Shape[2], t.Shape[1]}, Data: make([]float32, len(t.Data))}
	for m := range n {
		for i := range a {
			for j := range b {
				for k := range c {
					out.Data[((m*c+k)*b+j)*a+i] = t.Data[((m*a+i)*b+j)*c+k]
				}
			}
		}
	}
	return out
}

// oneAtATime shows a network as one that takes one picture at a time.
type oneAtATime struct{ detect.Network }

func (n oneAtATime) Inputs() []ort.Port {
	in := n.Network.Inputs()[0]
	return []ort.Port{{Name: in.Name, Shape: append([]int64{1}, in.Shape[1:]...)}}
}

func (n oneAtATime) Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	if input.Shape[0] != 1 || len(input.Data) != int(input.Shape[1]*input.Shape[2]*input.Shape[3]) {
		return nil, errors.New("more than one picture")
	}
	return n.Network.Run(ctx, input)
}

func mtcnnNetworks(t *testing.T) (networks []detect.Network) {
	for _, file := range weightsOf["mtcnn"].files {
		networks = append(networks, golden.Session(t, golden.Read(t, filepath.Join(golden.Models(t), file+".onnx"))))
	}
	return networks
}

// The same networks give the same faces in either order of the axes, and one by
// one.
func TestMTCNNOrders(t *testing.T) {
	t.Parallel()
	photo := decode(t, golden.PhotoPath(t, "selfie-many-people.jpg"))
	want := detectWith(t, "mtcnn", detect.Options{}, photo, mtcnnNetworks(t)...)
	if len(want) < 4 {
		t.Fatalf("%d faces", len(want))
	}
	for name, as := range map[string]func(detect.Network) detect.Network{
		"transposed":  func(n detect.Network) detect.Network { return transposed{n} },
		"one by one":  func(n detect.Network) detect.Network { return oneAtATime{n} },
		"both ways":   func(n detect.Network) detect.Network { return transposed{oneAtATime{n}} },
		"as they are": func(n detect.Network) detect.Network { return n },
	} {
		networks := mtcnnNetworks(t)
		for i, n := range networks {
			networks[i] = as(n)
		}
		t.Run(name, func(t *testing.T) {
			wantDetections(t, detectWith(t, "mtcnn", detect.Options{}, photo, networks...), want)
		})
	}
}

// watched keeps the shapes of all inputs.
type watched struct {
	detect.Network
	shapes [][]int64
}

func (w *watched) Run(ctx context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	w.shapes = append(w.shapes, slices.Clone(input.Shape))
	return w.Network.Run(ctx, input)
}

// The pyramid starts at 12/20 of the photograph, which is reduced before to
// 1,000 pixels, in DeepFace's profile not: 0.6 * 1500 + 1 = 901.
func TestMTCNNPyramid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options detect.Options
		w, h    int
		first   []int64
		levels  int
	}{
		"reduced":           {detect.Options{}, 1500, 300, []int64{1, 3, 121, 601}, 7}, // 200*0.6*0.709^6 = 15.2
		"not enlarged":      {detect.Options{}, 150, 300, []int64{1, 3, 181, 91}, 6},   // 150*0.6*0.709^5 = 16.1
		"side":              {detect.Options{Side: 100}, 200, 100, []int64{1, 3, 31, 61}, 3},
		"DeepFace":          {detect.Options{Profile: face.DeepFace}, 1500, 300, []int64{1, 3, 181, 901}, 8},
		"DeepFace, side":    {detect.Options{Profile: face.DeepFace, Side: 100}, 200, 100, []int64{1, 3, 31, 61}, 3},
		"just large enough": {detect.Options{}, 30, 20, []int64{1, 3, 13, 19}, 1},
		"too small":         {detect.Options{}, 30, 19, nil, 0},
		"a line":            {detect.Options{}, 3000, 1, nil, 0},
	} {
		networks := mtcnnNetworks(t)
		proposal := &watched{Network: networks[0]}
		networks[0] = proposal
		detectWith(t, "mtcnn", c.options, colourful(t, c.w, c.h), networks...)
		if len(proposal.shapes) != c.levels || c.levels > 0 && !slices.Equal(proposal.shapes[0], c.first) {
			t.Errorf("%s: %v, want %d of which the first is %v", name, proposal.shapes, c.levels, c.first)
		}
	}
}

// proposing is a proposal network that takes everything for a
// face; judging is a network that gives each window the same answer.
type proposing struct{ score float32 }

func (proposing) Inputs() []ort.Port { return []ort.Port{{Name: "in", Shape: []int64{-1, 3, -1, -1}}} }
func (proposing) Outputs() []ort.Port {
	return []ort.Port{{Name: "a", Shape: []int64{-1, 4, -1, -1}}, {Name: "b", Shape: []int64{-1, 2, -1, -1}}}
}
func (proposing) Close() error { return nil }

func (p proposing) Run(_ context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	h, w := (input.Shape[2]-11)/2+1, (input.Shape[3]-11)/2+1
	return []ort.Tensor{
		{Shape: []int64{1, 4, h, w}, Data: make([]float32, 4*h*w)},
		{Shape: []int64{1, 2, h, w}, Data: slices.Repeat([]float32{p.score}, int(2*h*w))},
	}, nil
}

type judging struct {
	side               int64
	score, box, points []float32 // of one window; points may be missing
	largest            *int64    // batch
	short              int       // values too few
}

func (j judging) Inputs() []ort.Port {
	return []ort.Port{{Name: "in", Shape: []int64{-1, 3, j.side, j.side}}}
}

func (j judging) Outputs() (ports []ort.Port) {
	for _, v := range [][]float32{j.points, j.score, j.box} {
		if v != nil {
			ports = append(ports, ort.Port{Name: "out", Shape: []int64{-1, int64(len(v))}})
		}
	}
	return ports
}

func (judging) Close() error { return nil }

func (j judging) Run(_ context.Context, input ort.Tensor) (out []ort.Tensor, err error) {
	n := input.Shape[0]
	if j.largest != nil {
		*j.largest = max(*j.largest, n)
	}
	for _, v := range [][]float32{j.points, j.score, j.box} {
		if v != nil {
			data := slices.Repeat(v, int(n))
			out = append(out, ort.Tensor{Shape: []int64{n, int64(len(v))}, Data: data[:len(data)-j.short]})
		}
	}
	return out, nil
}

func yes(side int64) judging {
	j := judging{side: side, score: []float32{0.1, 0.9}, box: make([]float32, 4), largest: new(int64)}
	if side == 48 {
		j.points = []float32{0.25, 0.75, 0.5, 0.25, 0.75, 0.5, 0.5, 0.625, 0.75, 0.75}
	}
	return j
}

// A network that takes everything for a face gets its windows in batches of 128.
func TestMTCNNBatches(t *testing.T) {
	t.Parallel()
	refine, output := yes(24), yes(48)
	found := detectWith(t, "mtcnn", detect.Options{}, colourful(t, 600, 400), proposing{1}, refine, output)
	if len(found) == 0 || *refine.largest != 128 || *output.largest != 128 {
		t.Errorf("%d faces, batches of up to %d and %d", len(found), *refine.largest, *output.largest)
	}
}

// One cell of one level, at scale 0.6: its box is from floor(1/0.6) to
// floor(12/0.6), 1 to 20. The refinement moves x1 by -0.1 of 20 pixels (20 - 1 +
// 1), to -1, and the square keeps the centre 9.5, 10.5 with a side of 21: y from 0 to 21.
// The output network has landmarks relative to that square, counted in 22 pixels
// from -1 - 1, 0 - 1.
func TestMTCNNArithmetic(t *testing.T) {
	t.Parallel()
	refine, output := yes(24), yes(48)
	refine.box = []float32{-0.1, 0, 0, 0}
	output.box = []float32{0, 0, 0, 0.5}
	found := detectWith(t, "mtcnn", detect.Options{}, colourful(t, 20, 20), proposing{1}, refine, output)
	wantDetections(t, found, []face.Detection{{
		Box: face.Box{X1: -1, Y1: 0, X2: 20, Y2: 32}, Confidence: 0.9,
		Landmarks: face.Landmarks{{X: 3.5, Y: 10}, {X: 14.5, Y: 10}, {X: 9, Y: 12.75}, {X: 3.5, Y: 15.5}, {X: 14.5, Y: 15.5}},
	}})
}

func TestMTCNNThresholds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		propose, refine, output float32
		options                 detect.Options
		want                    int
	}{
		"all above":          {0.61, 0.71, 0.71, detect.Options{}, 1},
		"as DeepFace":        {0.61, 0.71, 0.71, detect.Options{Profile: face.DeepFace}, 1},
		"proposal below":     {0.59, 0.71, 0.71, detect.Options{}, 0},
		"refinement below":   {0.61, 0.69, 0.71, detect.Options{}, 0},
		"output below":       {0.61, 0.71, 0.69, detect.Options{}, 0},
		"a lower confidence": {0.61, 0.71, 0.69, detect.Options{Confidence: 0.5}, 1},
		"a higher one":       {0.61, 0.71, 0.71, detect.Options{Confidence: 0.8}, 0},
		"no number":          {0.61, 0.71, float32(math.NaN()), detect.Options{}, 0},
	} {
		refine, output := yes(24), yes(48)
		refine.score, output.score = []float32{0, c.refine}, []float32{0, c.output}
		found := detectWith(t, "mtcnn", c.options, colourful(t, 20, 20), proposing{c.propose}, refine, output)
		if len(found) != c.want {
			t.Errorf("%s: %d faces, want %d", name, len(found), c.want)
		}
	}
}

func TestMTCNNRefusesOtherGraphs(t *testing.T) {
	t.Parallel()
	three := scriptedNetwork(pictureOf(24, 24), []string{"a"}, ort.Tensor{Shape: []int64{3, 24, 24}})
	several := &scripted{inputs: []ort.Port{{Name: "in", Shape: []int64{8, 3, 24, 24}}}, outputs: yes(24).Outputs()}
	fixed := &scripted{inputs: pictureOf(100, 100), outputs: proposing{}.Outputs()}
	for name, c := range map[string]struct {
		networks []detect.Network
		says     string
	}{
		"one network":         {[]detect.Network{proposing{}}, "1 graphs"},
		"wrong order":         {[]detect.Network{yes(24), yes(48), proposing{}}, "proposal network"},
		"two of 24":           {[]detect.Network{proposing{}, yes(24), yes(24)}, "output network"},
		"no landmarks":        {[]detect.Network{proposing{}, yes(24), judging{side: 48, score: yes(48).score, box: yes(48).box}}, "landmarks"},
		"other outputs":       {[]detect.Network{proposing{}, three, yes(48)}, "refinement network"},
		"eight at a time":     {[]detect.Network{proposing{}, several, yes(48)}, "insists on 8"},
		"a pyramid of 1 size": {[]detect.Network{fixed, yes(24), yes(48)}, "fixed at 100x100"},
		"no inputs":           {[]detect.Network{&scripted{}, yes(24), yes(48)}, "inputs"},
		"grey pictures":       {[]detect.Network{&scripted{inputs: []ort.Port{{Shape: []int64{1, 1, -1, -1}}}}, yes(24), yes(48)}, "three colours"},
	} {
		d, err := detect.Open("mtcnn", c.networks, detect.Options{})
		if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}

// junk is a proposal network whose answers have any shape and any number.
type junk struct {
	proposing
	r *rand.Rand
}

func (j junk) Run(context.Context, ort.Tensor) ([]ort.Tensor, error) {
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), math.MaxFloat32, -1e30, 0, 1, 0.5}
	out := make([]ort.Tensor, 2)
	for i, values := range []int64{4, 2} {
		shape := []int64{1, values, 1 + j.r.Int64N(3), 1 + j.r.Int64N(3)}
		out[i] = ort.Tensor{Shape: shape[:j.r.IntN(5)], Data: make([]float32, j.r.Int64N(shape[1]*shape[2]*shape[3]+1))}
		if j.r.IntN(2) == 0 { // of a fitting size
			out[i] = ort.Tensor{Shape: shape, Data: make([]float32, values*shape[2]*shape[3])}
		}
		for k := range out[i].Data {
			out[i].Data[k] = odd[j.r.IntN(len(odd))]
		}
	}
	return out, nil
}

// Whatever the networks answer, there is no panic, and no box without numbers.
func TestMTCNNOddAnswers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	photo := colourful(t, 25, 20)
	failed, passed := 0, 0
	for range 3000 {
		refine := yes(24)
		refine.box = []float32{r.Float32(), r.Float32(), -r.Float32(), 1e30 * r.Float32() * float32(r.IntN(2))}
		found, err := openMTCNN(t, junk{r: r}, refine, yes(48)).Detect(context.Background(), photo)
		if err != nil {
			failed++
			continue
		}
		passed++
		for _, d := range found {
			if d.Box.X1 != d.Box.X1 || d.Box.Y2-d.Box.Y2 != 0 {
				t.Fatalf("found %v", d)
			}
		}
	}
	if failed < 100 || passed < 10 {
		t.Errorf("%d answers refused, %d read: the case tests nothing", failed, passed)
	}
	short := yes(24)
	short.short = 1
	if found, err := openMTCNN(t, proposing{1}, short, yes(48)).Detect(context.Background(), photo); err == nil {
		t.Errorf("an answer that is too short: %v", found)
	}
}

func openMTCNN(t *testing.T, networks ...detect.Network) detect.Detector {
	t.Helper()
	d, err := detect.Open("mtcnn", networks, detect.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Grey pictures are refused with an error.
func TestMTCNNWantsColours(t *testing.T) {
	t.Parallel()
	grey := colourful(t, 30, 30).Grey()
	defer func() { golden.Check(t, grey.Close()) }()
	if found, err := openMTCNN(t, proposing{1}, yes(24), yes(48)).Detect(context.Background(), grey); err == nil {
		t.Errorf("found %v", found)
	}
}
