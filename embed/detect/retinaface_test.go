package detect_test

import (
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

// retinaNames are the outputs of retinaface.onnx in their order.
var retinaNames = []string{"c32", "b32", "l32", "c16", "b16", "l16", "c8", "b8", "l8"}

// retinaBase are the anchors of the first cell as the reference lists them:
// first and last pixel, by stride.
var retinaBase = map[int][2][4]float64{
	32: {{-248, -248, 263, 263}, {-120, -120, 135, 135}},
	16: {{-56, -56, 71, 71}, {-24, -24, 39, 39}},
	8:  {{-8, -8, 23, 23}, {0, 0, 15, 15}},
}

func randoms(r *rand.Rand, n int, spread float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32((2*r.Float64() - 1) * spread)
	}
	return out
}

// retinaAnswer is an answer for an input of width x height pixels, and what it
// says, in pixels of the input, computed cell by cell in the reference's terms.
func retinaAnswer(width, height int) (tensors []ort.Tensor, all []plain) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, stride := range []int{32, 16, 8} {
		rows, columns := (height+stride-1)/stride, (width+stride-1)/stride
		n := rows * columns
		classes, boxes, points := make([]float32, 4*n), randoms(r, 8*n, 0.3), randoms(r, 20*n, 0.5)
		for cell := range n {
			for a, base := range retinaBase[stride] {
				score := 0.89 * r.Float64()
				if r.IntN(6) == 0 {
					score = 0.9 + 0.1*r.Float64()
				}
				classes[4*cell+2+a], classes[4*cell+a] = float32(score), float32(1-score)
				shifted := base
				for k, step := range []int{cell % columns, cell / columns, cell % columns, cell / columns} {
					shifted[k] += float64(step * stride)
				}
				p := retinaPlain(shifted, boxes[8*cell+4*a:], points[20*cell+10*a:], float64(width), float64(height))
				p.score = float64(classes[4*cell+2+a])
				all = append(all, p)
			}
		}
		for i, data := range [][]float32{classes, boxes, points} {
			tensors = append(tensors, ort.Tensor{Shape: []int64{1, int64(rows), int64(columns), []int64{4, 8, 20}[i]}, Data: data})
		}
	}
	return tensors, all
}

// retinaPlain applies deltas to an anchor as bbox_pred, clip_boxes and
// landmark_pred of Faster R-CNN do.
func retinaPlain(anchor [4]float64, box, points []float32, width, height float64) plain {
	w, h := anchor[2]-anchor[0]+1, anchor[3]-anchor[1]+1
	cx, cy := anchor[0]+0.5*(w-1), anchor[1]+0.5*(h-1)
	px, py := float64(box[0])*w+cx, float64(box[1])*h+cy
	pw, ph := math.Exp(float64(box[2]))*w, math.Exp(float64(box[3]))*h
	clip := func(v, limit float64) float64 { return math.Max(math.Min(v, limit-1), 0) }
	p := plain{box: [4]float64{
		clip(px-0.5*(pw-1), width), clip(py-0.5*(ph-1), height), clip(px+0.5*(pw-1), width), clip(py+0.5*(ph-1), height),
	}}
	for k := range 5 {
		p.points = append(p.points, [2]float64{float64(points[2*k])*w + cx, float64(points[2*k+1])*h + cy})
	}
	return p
}

// atLeast are the candidates that are confident enough, at twice their size.
func atLeast(all []plain, least float64) (out []plain) {
	for _, p := range all {
		if p.score >= least {
			out = append(out, p.back(0, 0, 2, 2))
		}
	}
	return out
}

func retinaInput(height, width int64) []ort.Port {
	return []ort.Port{{Name: "data", Shape: []int64{-1, height, width, 3}}}
}

func TestRetinaFaceDecodes(t *testing.T) {
	t.Parallel()
	answer, all := retinaAnswer(96, 64)
	want := plainSuppression(atLeast(all, 0.9), 0.4, 1)
	if len(want) < 5 || len(want) == len(atLeast(all, 0.9)) {
		t.Fatalf("%d faces of %d: the case tests nothing", len(want), len(all))
	}
	scripted := scriptedNetwork(retinaInput(-1, -1), retinaNames, answer...)
	photo := colourful(t, 192, 128)
	for name, network := range map[string]func(*testing.T) detect.Network{
		"scripted":     just(scripted),
		"ONNX Runtime": func(t *testing.T) detect.Network { return golden.Session(t, scripted.graph()) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := seeWith(t, "retinaface", network(t), detect.Options{Side: 96}, photo)
			if err != nil {
				t.Fatal(err)
			}
			comparePlain(t, got, want)
		})
	}
}

// The network sees red, green, blue of each pixel side by side, 0 to 255.
func TestRetinaFaceInput(t *testing.T) {
	t.Parallel()
	answer, _ := retinaAnswer(96, 64)
	network := scriptedNetwork(retinaInput(-1, -1), retinaNames, answer...)
	if _, err := seeWith(t, "retinaface", network, detect.Options{Side: 96}, colourful(t, 96, 60)); err != nil {
		t.Fatal(err)
	}
	if want := []int64{1, 64, 96, 3}; !slices.Equal(network.seen.Shape, want) {
		t.Fatalf("input %v, want %v", network.seen.Shape, want)
	}
	at := func(x, y int) []float32 { return network.seen.Data[3*(96*y+x) : 3*(96*y+x)+3] }
	if got, want := at(20, 10), []float32{60, 50, 90}; !slices.Equal(got, want) {
		t.Errorf("pixel 20,10 is %v, want %v", got, want)
	}
	if got := at(20, 61); !slices.Equal(got, []float32{0, 0, 0}) {
		t.Errorf("below the photograph is %v, want black", got)
	}
}

// DeepFace's package enlarges to 1,024 pixels of the shorter side, as far as the
// longer one has no more than 1,980, and fills nothing up.
func TestRetinaFaceSizes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		options detect.Options
		w, h    int
		want    []int64
	}{
		"native":                      {detect.Options{}, 100, 50, []int64{1, 512, 1024, 3}},
		"native, its own side":        {detect.Options{Side: 200}, 100, 50, []int64{1, 128, 224, 3}},
		"DeepFace":                    {detect.Options{Profile: face.DeepFace}, 70, 50, []int64{1, 1024, 1434, 3}},
		"DeepFace, tall":              {detect.Options{Profile: face.DeepFace}, 50, 70, []int64{1, 1434, 1024, 3}},
		"DeepFace, too long":          {detect.Options{Profile: face.DeepFace}, 100, 50, []int64{1, 990, 1980, 3}},
		"DeepFace, with its own side": {detect.Options{Profile: face.DeepFace, Side: 320}, 100, 50, []int64{1, 160, 320, 3}},
	} {
		answer, _ := retinaAnswer(96, 64)
		network := scriptedNetwork(retinaInput(-1, -1), retinaNames, answer...)
		if _, err := seeWith(t, "retinaface", network, c.options, colourful(t, c.w, c.h)); err == nil {
			t.Errorf("%s: the answer is for another size, but was read", name)
		}
		if !slices.Equal(network.seen.Shape, c.want) {
			t.Errorf("%s: input %v, want %v", name, network.seen.Shape, c.want)
		}
	}
}

func TestRetinaFaceRefusesOtherGraphs(t *testing.T) {
	t.Parallel()
	answer, _ := retinaAnswer(96, 64)
	swapped := slices.Clone(answer)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	for name, network := range map[string]*scripted{
		"colours first":    scriptedNetwork(pictureOf(-1, -1), retinaNames, answer...),
		"one output less":  scriptedNetwork(retinaInput(-1, -1), retinaNames, answer[:8]...),
		"outputs swapped":  scriptedNetwork(retinaInput(-1, -1), retinaNames, swapped...),
		"no input":         scriptedNetwork(nil, retinaNames, answer...),
		"no outputs":       scriptedNetwork(retinaInput(-1, -1), nil),
		"no axes declared": scriptedNetwork(retinaInput(-1, -1), retinaNames, make([]ort.Tensor, 9)...),
	} {
		d, err := detect.Open("retinaface", []detect.Network{network}, detect.Options{})
		if face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
}

// A graph with one size of its own is used at that size, and at no other.
func TestRetinaFaceFixedInput(t *testing.T) {
	t.Parallel()
	answer, all := retinaAnswer(96, 64)
	network := scriptedNetwork(retinaInput(64, 96), retinaNames, answer...)
	got, err := seeWith(t, "retinaface", network, detect.Options{}, colourful(t, 192, 128))
	if err != nil {
		t.Fatal(err)
	}
	comparePlain(t, got, plainSuppression(atLeast(all, 0.9), 0.4, 1))
	_, err = detect.Open("retinaface", []detect.Network{network}, detect.Options{Side: 640})
	if face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "96x64") {
		t.Errorf("another side: %v", err)
	}
}

// Whatever an answer's sizes and numbers are, there is an error, no panic.
func TestRetinaFaceOddAnswers(t *testing.T) {
	t.Parallel()
	photo := colourful(t, 192, 128)
	for i := range retinaNames {
		good, _ := retinaAnswer(96, 64)
		network := scriptedNetwork(retinaInput(-1, -1), retinaNames, good...)
		for name, bad := range map[string]ort.Tensor{
			"empty":       {},
			"short":       {Shape: []int64{1, 1, 1, good[i].Shape[3]}, Data: good[i].Data[:good[i].Shape[3]]},
			"transposed":  {Shape: []int64{1, good[i].Shape[2], good[i].Shape[1], good[i].Shape[3]}, Data: good[i].Data},
			"two at once": {Shape: append([]int64{2}, good[i].Shape[1:]...), Data: slices.Repeat(good[i].Data, 2)},
		} {
			network.answer = slices.Clone(good)
			network.answer[i] = bad
			if found, err := seeWith(t, "retinaface", network, detect.Options{Side: 96}, photo); err == nil {
				t.Errorf("output %d %s: %v", i, name, found)
			}
		}
	}
	for i, value := range map[int]float32{1: float32(math.NaN()), 2: float32(math.Inf(1))} {
		good, _ := retinaAnswer(96, 64)
		for j := range good[i].Data {
			good[i].Data[j] = value
		}
		for j := range good[0].Data {
			good[0].Data[j] = 1
		}
		network := scriptedNetwork(retinaInput(-1, -1), retinaNames, good...)
		if found, err := seeWith(t, "retinaface", network, detect.Options{Side: 96}, photo); err == nil {
			t.Errorf("output %d of %v: %v", i, value, found)
		}
	}
}
