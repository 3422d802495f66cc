package detect

import (
	"fmt"
	"image"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// RetinaFace (Deng et al. 2020, arXiv 1905.00641) with the priors of SSD, as
// biubug6/Pytorch_Retinaface and yakhyo/retinaface-pytorch train it on
// MobileNet and ResNet-18 to 50: priors, variances and the order of values as
// their layers/functions/prior_box.py and utils/box_utils.py. They test with
// confidences from 0.02 on and show those from 0.6 (vis_thres). DeepFace does
// not have it.
const (
	priorsSide      = 640 // pixels of the input's longer side
	priorsThreshold = 0.6
	priorsOverlap   = 0.4
)

// The variances of SSD (Liu et al. 2016): what one unit of the network's answer
// moves, in sizes of the prior, and the exponent that it adds to the size.
const (
	priorsMove = 0.1
	priorsGrow = 0.2
)

// priorSizes are the sides of the two square priors of a cell, in pixels of the
// input, by stride.
var priorSizes = [len(strides)][2]float32{{16, 32}, {64, 128}, {256, 512}}

// openPriors reads a graph of 1 x 3 x height x width whose outputs are boxes,
// probabilities and landmarks of all priors, in any order.
func openPriors(network Network, o Options) (Detector, error) {
	answer, err := findPriors(network.Outputs())
	if err != nil {
		return nil, err
	}
	d := &single{
		network: network, points: 5, layout: cornered(sideOf(o, priorsSide)), scaling: cv.Bilinear,
		planes:   planes{mean: [3]float32{104, 117, 123}, scale: 1}.ready(),
		suppress: nms(priorsOverlap, 1),
	}
	if size, ok := fixedInput(network); ok {
		if err := refuseSide(o, size); err != nil {
			return nil, err
		}
		d.layout = cornerOf(size)
	}
	least := o.least(priorsThreshold, priorsThreshold)
	d.decode = func(out []ort.Tensor, f frame) ([]face.Detection, error) { return answer.decode(out, f, least) }
	return d, nil
}

// priors says which output is which.
type priors struct{ boxes, scores, points int }

// findPriors knows outputs by their names, or else by how many values they have
// for each prior.
func findPriors(ports []ort.Port) (priors, error) {
	at := func(values int64, names ...string) int {
		if i := slices.IndexFunc(ports, func(p ort.Port) bool { return slices.Contains(names, p.Name) }); i >= 0 {
			return i
		}
		return slices.IndexFunc(ports, func(p ort.Port) bool { return len(p.Shape) > 0 && p.Shape[len(p.Shape)-1] == values })
	}
	p := priors{boxes: at(4, "loc"), scores: at(2, "conf"), points: at(10, "landms", "landmarks")}
	if len(ports) != 3 || min(p.boxes, p.scores, p.points) < 0 || p.boxes+p.scores+p.points != 0+1+2 || p.boxes == p.scores {
		return p, fmt.Errorf("outputs %v, want boxes (loc, 4 values), probabilities (conf, 2) and landmarks (landms, 10)", ports)
	}
	return p, nil
}

// decode reads the priors: by stride, row, column and size.
func (p priors) decode(out []ort.Tensor, f frame, least float32) ([]face.Detection, error) {
	boxes, scores, points := out[p.boxes].Data, out[p.scores].Data, out[p.points].Data
	n := priorCount(f.input)
	if len(boxes) != 4*n || len(scores) != 2*n || len(points) != 10*n {
		return nil, fmt.Errorf("RetinaFace graph: %d box, %d probability and %d landmark values, want %d priors", len(boxes), len(scores), len(points), n)
	}
	var found []face.Detection
	i := 0
	for level, stride := range strides {
		for row := range upTo(f.input.Y, stride) {
			for column := range upTo(f.input.X, stride) {
				for _, size := range priorSizes[level] {
					if score := scores[2*i+1]; score >= least {
						at := prior{(float32(column) + 0.5) * float32(stride), (float32(row) + 0.5) * float32(stride), size}
						found = append(found, at.detection(score, boxes[4*i:], points[10*i:]))
					}
					i++
				}
			}
		}
	}
	return found, nil
}

func priorCount(input image.Point) (n int) {
	for _, stride := range strides {
		n += upTo(input.X, stride) * upTo(input.Y, stride) * len(priorSizes[0])
	}
	return n
}

// upTo is how many cells of a stride cover n pixels.
func upTo(n, stride int) int { return (n + stride - 1) / stride }

// prior is a square in the input, in pixels: its centre and side.
type prior struct{ x, y, side float32 }

func (p prior) detection(score float32, box, points []float32) face.Detection {
	c := p.moved(box[0], box[1])
	w, h := p.side*exp32(box[2]*priorsGrow)/2, p.side*exp32(box[3]*priorsGrow)/2
	marks := make(face.Landmarks, 5)
	for k := range marks {
		marks[k] = p.moved(points[2*k], points[2*k+1])
	}
	return face.Detection{
		Box:        face.Box{X1: c.X - w, Y1: c.Y - h, X2: c.X + w, Y2: c.Y + h},
		Confidence: clip01(score), Landmarks: marks,
	}
}

func (p prior) moved(dx, dy float32) face.Point {
	return face.Point{X: p.x + dx*priorsMove*p.side, Y: p.y + dy*priorsMove*p.side}
}
