package detect

import (
	"context"
	"fmt"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// YOLO v8, v11 and v12 trained on faces, as exported by ultralytics/ultralytics
// or by its fork derronqi/yolov8-face. Input as Ultralytics' LetterBox
// (ultralytics/data/augment.py). Its thresholds (cfg/default.yaml) are also
// DeepFace's for all of them; the graphs of the fork are read with those of
// their publisher, yakhyo/uniface, uniface/detection/yolov8.py. The points'
// visibility is not used. Boxes are not cut at the photograph's border.
const (
	yoloSide          = 640 // pixels of the photograph's longer side
	yoloThreshold     = 0.25
	yoloOverlap       = 0.7
	yoloHeadThreshold = 0.5
	yoloHeadOverlap   = 0.45
	yoloFill          = 114

	yoloPoints = 5 * 3 // values of the landmarks: x, y, visibility of each
	yoloRow    = 4 + 1 // box, score
	yoloEnded  = 4 + 2 // box, score, class
)

// yoloReading is how the answer of one kind of graph is understood.
type yoloReading struct {
	points             int // of each detection
	threshold, overlap float32
	decode             func(out []ort.Tensor, f frame, least float32) ([]face.Detection, error)
	suppress           func([]face.Detection) []face.Detection
}

func openYOLO(network Network, o Options) (Detector, error) {
	fixed, isFixed := fixedInput(network)
	if isFixed {
		if err := refuseSide(o, fixed); err != nil {
			return nil, err
		}
	}
	reading, err := yoloReadingOf(network)
	if err != nil {
		return nil, err
	}
	d := &single{
		network: network, points: reading.points, layout: yoloLayout(square(roundUp(sideOf(o, yoloSide), coarsest)), true),
		scaling: cv.Bilinear, planes: planes{rgb: true, scale: 1.0 / 255, fill: yoloFill}.ready(),
		suppress: reading.suppress,
	}
	if isFixed {
		d.layout = yoloLayout(fixed, false)
	}
	if d.suppress == nil {
		overlap := reading.overlap
		if o.deepface() {
			overlap = yoloOverlap
		}
		d.suppress = nms(overlap, 0)
	}
	least := o.least(reading.threshold, yoloThreshold)
	d.decode = func(out []ort.Tensor, f frame) ([]face.Detection, error) { return reading.decode(out, f, least) }
	return d, nil
}

// square is a picture of n pixels a side.
func square(n int) image.Point { return image.Pt(n, n) }

// yoloLayout scales the photograph to fit into the limit, in the middle of it
// or, for a graph with an open size, of what its scaled sides leave to
// multiples of the coarsest stride. One factor leads back for both axes.
func yoloLayout(limit image.Point, open bool) layout {
	return func(photo image.Point) frame {
		f := fitted(photo, limit)
		f.input = limit
		if open {
			f.input = image.Pt(roundUp(f.scaled.X, coarsest), roundUp(f.scaled.Y, coarsest))
		}
		f.at = f.input.Sub(f.scaled).Div(2)
		back := max(float32(photo.X)/float32(limit.X), float32(photo.Y)/float32(limit.Y))
		f.back = face.Point{X: back, Y: back}
		return f
	}
}

// yoloReadingOf tells the graphs apart by the shapes of their outputs: the
// three heads of the fork; one row for each value and one column for each cell
// of all strides; or one row for each detection, already suppressed.
func yoloReadingOf(network Network) (yoloReading, error) {
	ports := network.Outputs()
	if len(ports) == len(strides) {
		return yoloReading{points: 5, threshold: yoloHeadThreshold, overlap: yoloHeadOverlap, decode: yoloHeads}, wantYOLOHeads(ports)
	}
	if len(ports) != 1 || len(ports[0].Shape) != 3 {
		return yoloReading{}, fmt.Errorf("outputs %v, want one of 1 x 5 or 20 x cells, one of 1 x detections x 6 or 21, or three of 1 x %d x rows x columns", ports, yoloHeadWidth)
	}
	shape, err := yoloShape(network)
	if err != nil {
		return yoloReading{}, err
	}
	cells := yoloReading{threshold: yoloThreshold, overlap: yoloOverlap, decode: yoloCells}
	ended := yoloReading{threshold: yoloThreshold, decode: yoloDetections, suppress: asGiven}
	switch {
	case shape[2] == yoloEnded:
		return ended, nil
	case shape[2] == yoloEnded+yoloPoints:
		ended.points = 5
		return ended, nil
	case shape[1] == yoloRow:
		return cells, wantYOLOCells(network, shape[2])
	case shape[1] == yoloRow+yoloPoints:
		cells.points = 5
		return cells, wantYOLOCells(network, shape[2])
	}
	return yoloReading{}, fmt.Errorf("an output of %v, want 1 x %d or %d x cells, or 1 x detections x %d or %d: the network must know one class and no points or five",
		shape, yoloRow, yoloRow+yoloPoints, yoloEnded, yoloEnded+yoloPoints)
}

// asGiven is suppress for graphs that suppress themselves.
func asGiven(found []face.Detection) []face.Detection { return found }

// yoloShape is the shape of a graph's only output. Where the graph leaves all
// that matters open, as exports with suppression may, it is that of the answer
// to a black picture.
func yoloShape(network Network) ([]int64, error) {
	shape := network.Outputs()[0].Shape
	if shape[1] == yoloRow || shape[1] == yoloRow+yoloPoints || shape[2] > 0 {
		return shape, nil
	}
	size, ok := fixedInput(network)
	if !ok {
		size = square(yoloSide)
	}
	black := ort.Tensor{Shape: []int64{1, 3, int64(size.Y), int64(size.X)}, Data: make([]float32, 3*size.X*size.Y)}
	out, err := network.Run(context.Background(), black)
	if err != nil {
		return nil, fmt.Errorf("run on a black picture: %w", err)
	}
	if len(out) != 1 || len(out[0].Shape) != 3 {
		return nil, fmt.Errorf("%d outputs for a black picture, want one of three dimensions", len(out))
	}
	return out[0].Shape, nil
}

// wantYOLOCells refuses a number of cells that is not the input's.
func wantYOLOCells(network Network, n int64) error {
	size, ok := fixedInput(network)
	if want := int64(cellsOf(size)); ok && n > 0 && n != want {
		return fmt.Errorf("%d cells, want the %d of strides %v in %dx%d pixels", n, want, strides, size.X, size.Y)
	}
	return nil
}

// cellsOf counts the cells of all strides.
func cellsOf(input image.Point) int {
	n := 0
	for _, stride := range strides {
		n += (input.X / stride) * (input.Y / stride)
	}
	return n
}
