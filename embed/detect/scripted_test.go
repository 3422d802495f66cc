package detect_test

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/onnxtest"
)

// scripted is a network with one answer to all pictures. It keeps a copy of the
// last picture.
type scripted struct {
	inputs, outputs []ort.Port
	answer          []ort.Tensor
	err             error
	seen            ort.Tensor
}

func (s *scripted) Inputs() []ort.Port  { return s.inputs }
func (s *scripted) Outputs() []ort.Port { return s.outputs }
func (s *scripted) Close() error        { return nil }

func (s *scripted) Run(_ context.Context, input ort.Tensor) ([]ort.Tensor, error) {
	s.seen = ort.Tensor{Shape: slices.Clone(input.Shape), Data: slices.Clone(input.Data)}
	return s.answer, s.err
}

// pictureOf is an input of three channels.
func pictureOf(height, width int64) []ort.Port {
	return []ort.Port{{Name: "images", Shape: []int64{1, 3, height, width}}}
}

// scriptedNetwork declares the shapes that it gives.
func scriptedNetwork(input []ort.Port, names []string, answer ...ort.Tensor) *scripted {
	s := &scripted{inputs: input, answer: answer}
	for i, t := range answer {
		s.outputs = append(s.outputs, ort.Port{Name: names[i], Shape: t.Shape})
	}
	return s
}

// graph makes a real ONNX graph of a scripted network.
func (s *scripted) graph() []byte {
	var answers []onnxtest.Answer
	for i, t := range s.answer {
		answers = append(answers, onnxtest.Answer{Name: s.outputs[i].Name, Tensor: onnxtest.Tensor{Shape: t.Shape, Data: t.Data}})
	}
	return onnxtest.Answers(onnxtest.Value{Name: s.inputs[0].Name, Shape: s.inputs[0].Shape}, answers...)
}

// seeWith opens a backend and looks at a photograph once. The network stays the
// test's to close.
func seeWith(t *testing.T, backend string, network detect.Network, o detect.Options, photo *cv.Image) ([]plain, error) {
	t.Helper()
	detector, err := detect.Open(backend, []detect.Network{network}, o)
	if err != nil {
		t.Fatal(err)
	}
	found, err := detector.Detect(context.Background(), photo)
	var out []plain
	for _, d := range found {
		p := plain{score: float64(d.Confidence), box: [4]float64{float64(d.Box.X1), float64(d.Box.Y1), float64(d.Box.X2), float64(d.Box.Y2)}}
		if len(d.Landmarks) != detector.Landmarks() {
			t.Errorf("%d landmarks, the detector promises %d", len(d.Landmarks), detector.Landmarks())
		}
		for _, m := range d.Landmarks {
			p.points = append(p.points, [2]float64{float64(m.X), float64(m.Y)})
		}
		out = append(out, p)
	}
	return out, err
}

// colourful is a photograph whose pixels all differ from their neighbours.
func colourful(t *testing.T, width, height int) *cv.Image {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.SetRGBA(x, y, color.RGBA{uint8(3 * x), uint8(5 * y), uint8(x + 7*y), 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		t.Fatal(err)
	}
	photo, err := cv.Decode(file.Bytes(), limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, photo.Close()) })
	return photo
}

// plain is a detection as a test computes it.
type plain struct {
	box    [4]float64
	score  float64
	points [][2]float64
}

// plainSuppression keeps what no better one overlaps by more than the limit.
// With border 1 boxes include their last pixels.
func plainSuppression(found []plain, limit, border float64) (kept []plain) {
	found = slices.Clone(found)
	slices.SortFunc(found, func(a, b plain) int { return cmp.Compare(b.score, a.score) })
	size := func(b [4]float64) float64 { return max(0, b[2]-b[0]+border) * max(0, b[3]-b[1]+border) }
	for len(found) > 0 {
		best := found[0]
		kept = append(kept, best)
		found = slices.DeleteFunc(found, func(p plain) bool {
			both := size([4]float64{max(p.box[0], best.box[0]), max(p.box[1], best.box[1]), min(p.box[2], best.box[2]), min(p.box[3], best.box[3])})
			return both/(size(p.box)+size(best.box)-both) > limit
		})
		found = slices.DeleteFunc(found, func(p plain) bool { return p.score == best.score && p.box == best.box })
	}
	return kept
}

// back leads from a network's input to the photograph.
func (p plain) back(left, top, perX, perY float64) plain {
	p.points = slices.Clone(p.points)
	p.box = [4]float64{(p.box[0] - left) * perX, (p.box[1] - top) * perY, (p.box[2] - left) * perX, (p.box[3] - top) * perY}
	for i, m := range p.points {
		p.points[i] = [2]float64{(m[0] - left) * perX, (m[1] - top) * perY}
	}
	return p
}

func comparePlain(t *testing.T, got, want []plain) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d detections, want %d", len(got), len(want))
		return
	}
	near := func(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }
	for i, w := range want {
		g := got[i]
		same := near(g.score, w.score, 1e-5) && len(g.points) == len(w.points)
		for k := range w.box {
			same = same && near(g.box[k], w.box[k], 0.01)
		}
		for k := 0; same && k < len(w.points); k++ {
			same = near(g.points[k][0], w.points[k][0], 0.01) && near(g.points[k][1], w.points[k][1], 0.01)
		}
		if !same {
			t.Errorf("detection %d: got %v, want %v", i, g, w)
		}
	}
}
