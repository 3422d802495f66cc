package detect_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// The graphs of these tests take 64x64 pixels: 64, 16 and 4 cells of strides 8,
// 16 and 32.
var yoloStrides = []int{8, 16, 32}

const yoloCells = 64 + 16 + 4

// yoloScore is above every threshold for some candidates, below for most, and
// near the thresholds for others.
func yoloScore(r *rand.Rand) float64 {
	if r.IntN(3) > 0 {
		return 0.2 * r.Float64()
	}
	return 0.2 + 0.79*r.Float64()
}

// cluster is a box and points around one of four places, so that boxes overlap.
func cluster(r *rand.Rand, points int) plain {
	x, y := 16+32*float64(r.IntN(2))+4*r.Float64(), 16+32*float64(r.IntN(2))+4*r.Float64()
	w, h := 10+6*r.Float64(), 12+6*r.Float64()
	p := plain{score: yoloScore(r), box: [4]float64{x - w, y - h, x + w, y + h}}
	for range points {
		p.points = append(p.points, [2]float64{x + 20*r.Float64() - 10, y + 20*r.Float64() - 10})
	}
	return p
}

// yoloColumns is a graph with one column for each cell, and what it says.
func yoloColumns(points int) (tensors []ort.Tensor, all []plain) {
	r := rand.New(rand.NewPCG(1, uint64(points)))
	rows := 5 + 3*points
	data := make([]float32, rows*yoloCells)
	for cell := range yoloCells {
		p := cluster(r, points)
		all = append(all, p)
		column := []float64{(p.box[0] + p.box[2]) / 2, (p.box[1] + p.box[3]) / 2, p.box[2] - p.box[0], p.box[3] - p.box[1], p.score}
		for _, m := range p.points {
			column = append(column, m[0], m[1], r.Float64())
		}
		for row, v := range column {
			data[row*yoloCells+cell] = float32(v)
		}
	}
	return []ort.Tensor{{Shape: []int64{1, int64(rows), yoloCells}, Data: data}}, all
}

// yoloRows is a graph with one row for each of thirty detections, padded with
// empty rows. It suppresses itself, so that what overlaps is to stay. The last
// detection is of another class.
func yoloRows(points int) (tensors []ort.Tensor, all []plain) {
	r := rand.New(rand.NewPCG(2, uint64(points)))
	const rows = 40
	width := 6 + 3*points
	data := make([]float32, rows*width)
	for i := range 30 {
		p := cluster(r, points)
		row := []float64{p.box[0], p.box[1], p.box[2], p.box[3], p.score, 0}
		if i == 29 {
			row[4], row[5] = 0.9, 1
		} else {
			all = append(all, p)
		}
		for _, m := range p.points {
			row = append(row, m[0], m[1], r.Float64())
		}
		for k, v := range row {
			data[i*width+k] = float32(v)
		}
	}
	return []ort.Tensor{{Shape: []int64{1, rows, int64(width)}, Data: data}}, all
}

// yoloMaps is a graph with three maps of convolutions, the coarsest first, and
// what they say: each side's distance is the mean of 16 bins under the softmax,
// from the middle of the cell; points lie twice their value from its corner.
func yoloMaps() (tensors []ort.Tensor, all []plain) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, stride := range yoloStrides {
		side := 64 / stride
		data := make([]float32, 80*side*side)
		for row := range side {
			for column := range side {
				logits, p := yoloMapCell(r, float64(row), float64(column), float64(stride))
				for plane, v := range logits {
					data[(plane*side+row)*side+column] = v
				}
				all = append(all, p)
			}
		}
		tensors = append(tensors, ort.Tensor{Shape: []int64{1, 80, int64(side), int64(side)}, Data: data})
	}
	slices.Reverse(tensors)
	return tensors, all
}

func yoloMapCell(r *rand.Rand, row, column, stride float64) (logits []float32, p plain) {
	var distances [4]float64
	for side := range distances {
		weights := 0.0
		for bin := range 16 {
			logit := float32(6*r.Float64() - 3)
			if bin == 1+r.IntN(2) {
				logit += 4
			}
			logits = append(logits, logit)
			weights += math.Exp(float64(logit))
			distances[side] += float64(bin) * math.Exp(float64(logit))
		}
		distances[side] /= weights
	}
	p.score = yoloScore(r)
	logits = append(logits, float32(math.Log(p.score/(1-p.score))))
	middle := [2]float64{(column + 0.5) * stride, (row + 0.5) * stride}
	p.box = [4]float64{
		middle[0] - stride*distances[0], middle[1] - stride*distances[1],
		middle[0] + stride*distances[2], middle[1] + stride*distances[3],
	}
	for range 5 {
		x, y := float32(r.Float64()), float32(r.Float64())
		logits = append(logits, x, y, 0.5)
		p.points = append(p.points, [2]float64{(2*float64(x) + column) * stride, (2*float64(y) + row) * stride})
	}
	return logits, p
}

// yoloGraph is what a test knows of a kind of graph. overlap 1 suppresses
// nothing.
type yoloGraph struct {
	tensors            []ort.Tensor
	all                []plain
	threshold, overlap float64
}

// read is what a detector must make of the graph in a photograph that lies in
// the input as said.
func (g yoloGraph) read(threshold, overlap, left, top, per float64) (want []plain) {
	for _, p := range g.all {
		if p.score >= threshold {
			want = append(want, p)
		}
	}
	want = plainSuppression(want, overlap, 0)
	for i, p := range want {
		want[i] = p.back(left, top, per, per)
	}
	return want
}

func yoloGraphs() map[string]yoloGraph {
	graphs := map[string]yoloGraph{}
	for _, points := range []int{0, 5} {
		tensors, all := yoloColumns(points)
		graphs[fmt.Sprintf("columns, %d points", points)] = yoloGraph{tensors, all, 0.25, 0.7}
		tensors, all = yoloRows(points)
		graphs[fmt.Sprintf("rows, %d points", points)] = yoloGraph{tensors, all, 0.25, 1}
	}
	tensors, all := yoloMaps()
	graphs["maps"] = yoloGraph{tensors, all, 0.5, 0.45}
	return graphs
}

// A photograph of 100x75 pixels fills 64x48 of the 64x64, from 0,8 on. What is
// found is the same for a real graph in ONNX Runtime, with a fixed or an open
// size.
func TestYOLO(t *testing.T) {
	t.Parallel()
	names := []string{"output0", "output1", "output2"}
	photo := colourful(t, 100, 75)
	for name, g := range yoloGraphs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fixed, open := scriptedNetwork(pictureOf(64, 64), names, g.tensors...), scriptedNetwork(pictureOf(-1, -1), names, g.tensors...)
			want := g.read(g.threshold, g.overlap, 0, 8, 100.0/64)
			if all := g.read(0, 1, 0, 8, 100.0/64); len(want) < 5 || len(want) > len(all)-1 {
				t.Fatalf("%d of %d candidates remain: the test shows little", len(want), len(all))
			}
			for _, network := range []detect.Network{fixed, golden.Session(t, fixed.graph())} {
				got, err := seeWith(t, "yolo", network, detect.Options{}, photo)
				if err != nil {
					t.Fatal(err)
				}
				comparePlain(t, got, want)
			}
			for _, network := range []detect.Network{open, golden.Session(t, open.graph())} {
				got, err := seeWith(t, "yolo", network, detect.Options{Side: 64}, photo)
				if err != nil {
					t.Fatal(err)
				}
				comparePlain(t, got, want)
			}
			overlap := min(1, max(g.overlap, 0.7)) // DeepFace's, but for graphs that suppress themselves
			got, err := seeWith(t, "yolo", fixed, detect.Options{Profile: face.DeepFace}, photo)
			if err != nil {
				t.Fatal(err)
			}
			comparePlain(t, got, g.read(0.25, overlap, 0, 8, 100.0/64))
			got, err = seeWith(t, "yolo", fixed, detect.Options{Confidence: 0.8}, photo)
			if err != nil {
				t.Fatal(err)
			}
			comparePlain(t, got, g.read(0.8, g.overlap, 0, 8, 100.0/64))
		})
	}
}

// The input is red, green, blue in 0 to 1, the photograph in the middle of grey
// 114.
func TestYOLOInput(t *testing.T) {
	t.Parallel()
	tensors, _ := yoloColumns(0)
	photo := colourful(t, 64, 39) // as wide as the input: no resampling
	for _, size := range []int64{64, -1} {
		network := scriptedNetwork(pictureOf(size, size), []string{"output0"}, tensors...)
		if _, err := seeWith(t, "yolo", network, detect.Options{Side: 64}, photo); err != nil {
			t.Fatal(err)
		}
		if want := []int64{1, 3, 64, 64}; !slices.Equal(network.seen.Shape, want) {
			t.Fatalf("size %d: input of %v, want %v", size, network.seen.Shape, want)
		}
		for i, got := range network.seen.Data {
			plane, y, x := i/(64*64), i/64%64-12, i%64 // 12 rows of grey above, 13 below
			want := float64(114)
			if y >= 0 && y < 39 {
				want = []float64{float64(uint8(3 * x)), float64(uint8(5 * y)), float64(uint8(x + 7*y))}[plane]
			}
			if math.Abs(float64(got)-want/255) > 1e-6 {
				t.Fatalf("size %d: plane %d at %d,%d is %g, want %g/255", size, plane, x, y, got, want)
			}
		}
	}
}

// A graph with an open size gets no more grey than it needs: 100x30 pixels at a
// side of 128 are 128x38, in 128x64.
func TestYOLOOpenInput(t *testing.T) {
	t.Parallel()
	const cells = 16*8 + 8*4 + 4*2
	network := scriptedNetwork(pictureOf(-1, -1), []string{"output0"}, ort.Tensor{Shape: []int64{1, 5, cells}, Data: make([]float32, 5*cells)})
	for i, v := range []float32{64, 32, 20, 10, 0.9} {
		network.answer[0].Data[i*cells+7] = v
	}
	got, err := seeWith(t, "yolo", network, detect.Options{Side: 120}, colourful(t, 100, 30))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{1, 3, 64, 128}; !slices.Equal(network.seen.Shape, want) {
		t.Errorf("input of %v, want %v", network.seen.Shape, want)
	}
	// 13 rows of grey above; 1.28 pixels of the input for one of the photograph.
	comparePlain(t, got, []plain{{score: 0.9, box: [4]float64{54 / 1.28, 14 / 1.28, 74 / 1.28, 24 / 1.28}}})
}

// Exports may declare nothing of their output; a black picture tells.
func TestYOLOOpenOutput(t *testing.T) {
	t.Parallel()
	tensors, all := yoloRows(5)
	network := scriptedNetwork(pictureOf(64, 64), []string{"output0"}, tensors...)
	network.outputs[0].Shape = []int64{1, -1, -1}
	got, err := seeWith(t, "yolo", network, detect.Options{}, colourful(t, 100, 75))
	if err != nil {
		t.Fatal(err)
	}
	comparePlain(t, got, yoloGraph{all: all}.read(0.25, 1, 0, 8, 100.0/64))
	network.err = errors.New("no memory")
	if _, err := detect.Open("yolo", []detect.Network{network}, detect.Options{}); face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "no memory") {
		t.Errorf("a network that does not run: %v", err)
	}
}

func TestYOLORefusesOtherGraphs(t *testing.T) {
	t.Parallel()
	for name, shapes := range map[string][][]int64{
		"80 classes":           {{1, 84, yoloCells}},
		"other cells":          {{1, 5, yoloCells + 1}},
		"17 points":            {{1, 300, 57}},
		"two outputs":          {{1, 5, yoloCells}, {1, 5, yoloCells}},
		"four dimensions":      {{1, 5, yoloCells, 1}},
		"none":                 {},
		"heads without points": {{1, 65, 8, 8}, {1, 65, 4, 4}, {1, 65, 2, 2}},
		"heads of vectors":     {{1, 80}, {1, 80}, {1, 80}},
	} {
		network := &scripted{inputs: pictureOf(64, 64)}
		for _, shape := range shapes {
			network.outputs = append(network.outputs, ort.Port{Name: "output", Shape: shape})
		}
		if _, err := detect.Open("yolo", []detect.Network{network}, detect.Options{}); face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s: %v", name, err)
		}
	}
	tensors, _ := yoloColumns(0)
	network := scriptedNetwork(pictureOf(64, 64), []string{"output0"}, tensors...)
	if _, err := detect.Open("yolo", []detect.Network{network}, detect.Options{Side: 320}); face.CodeOf(err) != face.Invalid {
		t.Errorf("another size for a fixed graph: %v", err)
	}
}

// Answers that differ from what the graph declares, or hold no numbers, are
// errors.
func TestYOLORefusesOtherAnswers(t *testing.T) {
	t.Parallel()
	photo := colourful(t, 64, 64)
	for name, g := range yoloGraphs() {
		for how, spoil := range map[string]func(*ort.Tensor){
			"no values":       func(o *ort.Tensor) { o.Data = nil },
			"a value missing": func(o *ort.Tensor) { o.Data = o.Data[1:] },
			"another shape":   func(o *ort.Tensor) { *o = ort.Tensor{Shape: []int64{7}, Data: o.Data[:7]} },
			"no number":       func(o *ort.Tensor) { o.Data = nans(len(o.Data)) },
		} {
			network := scriptedNetwork(pictureOf(64, 64), []string{"a", "b", "c"}, g.tensors...)
			network.answer = slices.Clone(g.tensors)
			spoil(&network.answer[0])
			if _, err := seeWith(t, "yolo", network, detect.Options{}, photo); err == nil {
				t.Errorf("%s with %s: no error", name, how)
			}
		}
	}
}

func nans(n int) []float32 {
	return slices.Repeat([]float32{float32(math.NaN())}, n)
}
