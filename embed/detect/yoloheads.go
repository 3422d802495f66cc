package detect

import (
	"fmt"
	"math"
	"slices"

	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// The graphs of derronqi/yolov8-face end in three maps, one for each stride, of
// which only the convolutions are done. The rest is as in its
// ultralytics/nn/modules/head.py, classes Detect and Pose.
const (
	yoloBins      = 16 // of the distribution of each side's distance, in strides
	yoloHeadWidth = 4*yoloBins + 1 + yoloPoints
)

func wantYOLOHeads(ports []ort.Port) error {
	for _, p := range ports {
		if len(p.Shape) != 4 || p.Shape[1] >= 0 && p.Shape[1] != yoloHeadWidth {
			return fmt.Errorf("output %s of %v, want three of 1 x %d x rows x columns", p.Name, p.Shape, yoloHeadWidth)
		}
	}
	return nil
}

// yoloHeads takes the maps in any order: their sizes tell their strides.
func yoloHeads(out []ort.Tensor, f frame, least float32) ([]face.Detection, error) {
	var found []face.Detection
	for _, stride := range strides {
		columns, rows := f.input.X/stride, f.input.Y/stride
		shape := []int64{1, yoloHeadWidth, int64(rows), int64(columns)}
		at := slices.IndexFunc(out, func(t ort.Tensor) bool { return slices.Equal(t.Shape, shape) })
		if at < 0 || len(out[at].Data) != yoloHeadWidth*rows*columns {
			return nil, fmt.Errorf("YOLO graph: no output of %v for stride %d", shape, stride)
		}
		found = append(found, yoloHead{stride, columns, columns * rows, out[at].Data}.decode(least)...)
	}
	return found, nil
}

// yoloHead is the map of one stride, one plane of cells for each value: 16
// logits for each distance from the cell's centre to the left, upper, right and
// lower side, the score's logit, and the landmarks.
type yoloHead struct {
	stride, columns, cells int
	data                   []float32
}

func (h yoloHead) decode(least float32) []face.Detection {
	var found []face.Detection
	for i := range h.cells {
		score := 1 / (1 + exp32(-h.value(4*yoloBins, i)))
		if score < least {
			continue
		}
		found = append(found, h.detection(i, score))
	}
	return found
}

func (h yoloHead) value(plane, cell int) float32 { return h.data[plane*h.cells+cell] }

// detection finds the box around the cell's centre. Landmarks are offsets from
// its corner in halves of a stride.
func (h yoloHead) detection(cell int, score float32) face.Detection {
	stride, column, row := float32(h.stride), float32(cell%h.columns), float32(cell/h.columns)
	x, y := column+0.5, row+0.5
	d := face.Detection{Confidence: score, Box: face.Box{
		X1: (x - h.distance(0, cell)) * stride, Y1: (y - h.distance(1, cell)) * stride,
		X2: (x + h.distance(2, cell)) * stride, Y2: (y + h.distance(3, cell)) * stride,
	}}
	d.Landmarks = yoloLandmarks(func(v int) float32 { return h.value(4*yoloBins+1+v, cell) })
	for k, p := range d.Landmarks {
		d.Landmarks[k] = face.Point{X: (2*p.X + column) * stride, Y: (2*p.Y + row) * stride}
	}
	return d
}

// distance is the mean bin of a side's distribution (Li et al. 2020,
// "Generalized Focal Loss", arXiv 2006.04388). The largest logit is taken off
// all, which changes nothing but keeps the exponentials finite.
func (h yoloHead) distance(side, cell int) float32 {
	logit := func(bin int) float64 { return float64(h.value(side*yoloBins+bin, cell)) }
	largest := math.Inf(-1)
	for bin := range yoloBins {
		largest = max(largest, logit(bin))
	}
	var sum, mean float64
	for bin := range yoloBins {
		weight := math.Exp(logit(bin) - largest)
		sum += weight
		mean += weight * float64(bin)
	}
	return float32(mean / sum)
}
