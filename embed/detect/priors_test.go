package detect_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// priorsAnswer is an answer (boxes, probabilities, landmarks) for an input of
// width x height pixels, and what it says, in pixels of the input: computed with
// priors that are normalised by the input's size, as the reference has them.
func priorsAnswer(width, height int) (tensors []ort.Tensor, all []plain) {
	r := rand.New(rand.NewPCG(5, 5))
	var priors [][4]float64
	for _, level := range []struct{ stride, small, large float64 }{{8, 16, 32}, {16, 64, 128}, {32, 256, 512}} {
		for i := range int(math.Ceil(float64(height) / level.stride)) {
			for j := range int(math.Ceil(float64(width) / level.stride)) {
				for _, size := range []float64{level.small, level.large} {
					priors = append(priors, [4]float64{
						(float64(j) + 0.5) * level.stride / float64(width), (float64(i) + 0.5) * level.stride / float64(height),
						size / float64(width), size / float64(height),
					})
				}
			}
		}
	}
	n := len(priors)
	boxes, scores, points := randoms(r, 4*n, 2), make([]float32, 2*n), randoms(r, 10*n, 3)
	for i, p := range priors {
		score := 0.59 * r.Float64()
		if r.IntN(8) == 0 {
			score = 0.6 + 0.4*r.Float64()
		}
		scores[2*i], scores[2*i+1] = float32(1-score), float32(score)
		all = append(all, priorPlain(p, boxes[4*i:], points[10*i:], float64(width), float64(height), float64(scores[2*i+1])))
	}
	for i, data := range [][]float32{boxes, scores, points} {
		tensors = append(tensors, ort.Tensor{Shape: []int64{1, int64(n), []int64{4, 2, 10}[i]}, Data: data})
	}
	return tensors, all
}

func priorPlain(prior [4]float64, box, points []float32, width, height, score float64) plain {
	cx, cy := prior[0]+float64(box[0])*0.1*prior[2], prior[1]+float64(box[1])*0.1*prior[3]
	w, h := prior[2]*math.Exp(float64(box[2])*0.2), prior[3]*math.Exp(float64(box[3])*0.2)
	p := plain{score: score, box: [4]float64{(cx - w/2) * width, (cy - h/2) * height, (cx + w/2) * width, (cy + h/2) * height}}
	for k := range 5 {
		p.points = append(p.points, [2]float64{
			(prior[0] + float64(points[2*k])*0.1*prior[2]) * width, (prior[1] + float64(points[2*k+1])*0.1*prior[3]) * height,
		})
	}
	return p
}

// Outputs are found in any order, by name or by size.
func TestPriorsDecode(t *testing.T) {
	t.Parallel()
	answer, all := priorsAnswer(96, 64)
	want := plainSuppression(atLeast(all, 0.6), 0.4, 1)
	if len(want) < 5 || len(want) == len(atLeast(all, 0.6)) {
		t.Fatalf("%d faces of %d: the case tests nothing", len(want), len(all))
	}
	boxes, scores, points := answer[0], answer[1], answer[2]
	open := scriptedNetwork(pictureOf(-1, -1), []string{"landms", "loc", "conf"}, points, boxes, scores)
	for i := range open.outputs {
		open.outputs[i].Shape = []int64{-1, -1, -1}
	}
	onnx := scriptedNetwork([]ort.Port{{Name: "input", Shape: []int64{1, 3, -1, -1}}}, []string{"loc", "conf", "landmarks"}, answer...)
	for name, network := range map[string]func(*testing.T) detect.Network{
		"by name":      just(open),
		"by size":      just(scriptedNetwork(pictureOf(-1, -1), []string{"a", "b", "c"}, scores, points, boxes)),
		"of one size":  just(scriptedNetwork(pictureOf(64, 96), []string{"loc", "conf", "landms"}, answer...)),
		"ONNX Runtime": func(t *testing.T) detect.Network { return golden.Session(t, onnx.graph()) },
	} {
		t.Run(name, func(t *testing.T) {
			got, err := seeWith(t, "retinaface_priors", network(t), detect.Options{Side: 96}, colourful(t, 192, 128))
			if err != nil {
				t.Fatal(err)
			}
			comparePlain(t, got, want)
		})
	}
}

func just(n detect.Network) func(*testing.T) detect.Network {
	return func(*testing.T) detect.Network { return n }
}

func TestPriorsRefuseOtherGraphs(t *testing.T) {
	t.Parallel()
	answer, _ := priorsAnswer(96, 64)
	names := []string{"a", "b", "c", "d"}
	for name, network := range map[string]*scripted{
		"two outputs":        scriptedNetwork(pictureOf(-1, -1), names, answer[:2]...),
		"four outputs":       scriptedNetwork(pictureOf(-1, -1), names, append(slices.Clone(answer), answer[0])...),
		"boxes twice":        scriptedNetwork(pictureOf(-1, -1), names, answer[0], answer[0], answer[2]),
		"named for another":  scriptedNetwork(pictureOf(-1, -1), []string{"conf", "b", "c"}, answer...),
		"without any shapes": scriptedNetwork(pictureOf(-1, -1), names, make([]ort.Tensor, 3)...),
	} {
		d, err := detect.Open("retinaface_priors", []detect.Network{network}, detect.Options{})
		if face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s: %v, %v", name, d, err)
		}
	}
	network := scriptedNetwork(pictureOf(64, 96), []string{"loc", "conf", "landms"}, answer...)
	if d, err := detect.Open("retinaface_priors", []detect.Network{network}, detect.Options{Side: 640}); face.CodeOf(err) != face.Invalid {
		t.Errorf("another side than the graph's: %v, %v", d, err)
	}
}

func TestPriorsOddAnswers(t *testing.T) {
	t.Parallel()
	for i := range 3 {
		for name, change := range map[string]func(ort.Tensor) ort.Tensor{
			"empty":   func(ort.Tensor) ort.Tensor { return ort.Tensor{} },
			"short":   func(v ort.Tensor) ort.Tensor { return ort.Tensor{Shape: v.Shape, Data: v.Data[1:]} },
			"doubled": func(v ort.Tensor) ort.Tensor { return ort.Tensor{Shape: v.Shape, Data: slices.Repeat(v.Data, 2)} },
		} {
			answer, _ := priorsAnswer(96, 64)
			network := scriptedNetwork(pictureOf(-1, -1), []string{"loc", "conf", "landms"}, answer...)
			network.answer[i] = change(answer[i])
			if found, err := seeWith(t, "retinaface_priors", network, detect.Options{Side: 96}, colourful(t, 96, 64)); err == nil {
				t.Errorf("output %d %s: %v", i, name, found)
			}
		}
	}
}
