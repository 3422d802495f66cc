package attribute_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"testing"

	"github.com/visagedb/visage/embed/attribute"
	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// deepface describes a network as DeepFace's are.
func deepface(side int, grey bool, heads ...attribute.Head) attribute.Config {
	return attribute.Config{
		Name: "test", Width: side, Height: side, Cut: attribute.DeepFace, Heads: heads,
		Pixels: classify.Pixels{Grey: grey, Std: all(1), Last: true},
	}
}

// input is that of a graph of any number of pictures.
func input(side, channels int64) onnxtest.Value {
	return onnxtest.Value{Name: "in", Shape: []int64{-1, side, side, channels}}
}

// means is a graph that gives the mean of each channel, or of all.
func means(in onnxtest.Value, axes ...int64) []byte {
	out := onnxtest.Value{Name: "out", Shape: []int64{-1, 3}}
	if len(axes) == 3 {
		out.Shape = []int64{-1}
	}
	return onnxtest.Graph([]onnxtest.Value{in}, []onnxtest.Value{out}, onnxtest.Node{
		Op: "ReduceMean", Inputs: []string{"in"}, Outputs: []string{"out"},
		Attributes: []onnxtest.Attribute{{Name: "axes", Value: axes}, {Name: "keepdims", Value: int64(0)}},
	})
}

// painted is a face of one colour.
func painted(t *testing.T, width, height int, c color.RGBA) classify.Face {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(m, m.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	crop, err := cv.Decode(b.Bytes(), cv.Limits{Bytes: 1 << 20, Pixels: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { golden.Check(t, crop.Close()) })
	return classify.Face{Turned: crop}
}

// A face twice as wide as high fills half of what the network is given, as numbers
// from 0 to 1, blue first; the network of emotions gets the grey of it.
func TestDeepFaceIsFedAsItsOwn(t *testing.T) {
	t.Parallel()
	share := attribute.Head{Attribute: face.Age}
	for what, c := range map[string]struct {
		grey  bool
		color color.RGBA
		want  float64
	}{
		"white":      {false, color.RGBA{255, 255, 255, 255}, 0.5},
		"white grey": {true, color.RGBA{255, 255, 255, 255}, 0.5},
		"blue grey":  {true, color.RGBA{0, 0, 255, 255}, 0.5 * 0.114},
		"red grey":   {true, color.RGBA{255, 0, 0, 255}, 0.5 * 0.299},
	} {
		side, channels := 224, int64(3)
		if c.grey {
			side, channels = 48, 1
		}
		e := open(t, means(input(int64(side), channels), 1, 2, 3), deepface(side, c.grey, share))
		got := estimated(t, e, painted(t, 200, 100, c.color))[0][face.Age].Years
		if math.Abs(got-c.want) > 2e-3 {
			t.Errorf("%s: the network is given %.4f in the mean, want %.4f", what, got, c.want)
		}
	}
	e := open(t, means(input(224, 3), 1, 2), deepface(224, false, attribute.Head{Attribute: face.Race, Labels: []string{"blue", "green", "red"}}))
	got := estimated(t, e, painted(t, 100, 100, color.RGBA{150, 100, 50, 255}), painted(t, 100, 100, color.RGBA{0, 0, 9, 255}))
	want := map[string]float64{"blue": 50. / 3, "green": 100. / 3, "red": 150. / 3}
	for label, percent := range want {
		if p := got[0][face.Race].Percent[label]; math.Abs(p-percent) > 1e-2 {
			t.Errorf("%s is %.3f, want %.3f", label, p, percent)
		}
	}
	if got[0][face.Race].Dominant != "red" || got[1][face.Race].Dominant != "blue" || got[0][face.Race].Model != "test" {
		t.Errorf("got %+v", got)
	}
}

// An age of 101 probabilities is their mean.
func TestAgeIsTheMeanOfTheYears(t *testing.T) {
	t.Parallel()
	p := make([]float32, 101)
	p[30], p[50] = 0.25, 0.75
	in := onnxtest.Value{Name: "in", Shape: []int64{1, 224, 224, 3}}
	graph := onnxtest.Answers(in, onnxtest.Answer{Name: "out", Tensor: onnxtest.Tensor{Shape: []int64{1, 101}, Data: p}})
	e := open(t, graph, deepface(224, false, attribute.Head{Attribute: face.Age, Years: 101}))
	if got := estimated(t, e, painted(t, 20, 20, color.RGBA{A: 255}), painted(t, 30, 20, color.RGBA{A: 255})); math.Abs(got[1][face.Age].Years-45) > 1e-4 {
		t.Errorf("got %+v, want 45 years", got)
	}
}

// What is no probability is an error, not an estimate; so is a graph of another
// shape, and a face of which nothing is left.
func TestWhatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	gender := attribute.Head{Attribute: face.Gender, Labels: []string{"Woman", "Man"}}
	in := onnxtest.Value{Name: "in", Shape: []int64{1, 224, 224, 3}}
	answer := func(values ...float32) []byte {
		return onnxtest.Answers(in, onnxtest.Answer{Name: "out", Tensor: onnxtest.Tensor{Shape: []int64{1, int64(len(values))}, Data: values}})
	}
	for _, values := range [][]float32{{0, 0}, {-1, 2}} {
		e := open(t, answer(values...), deepface(224, false, gender))
		if got, err := attribute.Estimate(t.Context(), []*attribute.Estimator{e}, []classify.Face{painted(t, 20, 20, color.RGBA{A: 255})}); err == nil {
			t.Errorf("%v: %+v", values, got)
		}
	}
	for what, c := range map[string]struct {
		graph  []byte
		config attribute.Config
	}{
		"three values":      {answer(1, 2, 3), deepface(224, false, gender)},
		"not a number":      {answer(1, float32(math.NaN())), deepface(224, false, gender)},
		"another size":      {answer(1, 2), deepface(48, false, gender)},
		"another channel":   {answer(1, 2), deepface(224, true, gender)},
		"an unknown output": {answer(1, 2), deepface(224, false, attribute.Head{Attribute: face.Gender, Output: "gender", Labels: gender.Labels})},
	} {
		session := golden.Session(t, c.graph)
		if _, err := attribute.Open(t.Context(), session, c.config); err == nil {
			t.Errorf("%s: the graph was taken", what)
		}
	}
	e := open(t, answer(1, 2), deepface(224, false, gender))
	if _, err := attribute.Estimate(t.Context(), []*attribute.Estimator{e}, []classify.Face{painted(t, 4000, 1, color.RGBA{A: 255})}); face.CodeOf(err) != face.NoFace {
		t.Errorf("a face of a line: %v", err)
	}
}
