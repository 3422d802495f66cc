package detect

import (
	"fmt"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// SCRFD (Guo et al. 2021, "Sample and Computation Redistribution for Efficient
// Face Detection", arXiv 2105.04714). Decoding, thresholds and input as in
// deepinsight/insightface, python-package/insightface/model_zoo/scrfd.py, but
// that the input is not filled up to a square. All sizes, 500 MFLOP to 34
// GFLOP, share it, with landmarks ("bnkps") or without.
const (
	scrfdSide      = 640 // pixels of the input's longer side
	scrfdThreshold = 0.5
	scrfdOverlap   = 0.4
	scrfdAnchors   = 2 // per cell
)

// strides are the pixels of the input for one cell, of most of the networks.
var strides = [...]int{8, 16, 32}

// openSCRFD reads a graph whose outputs are scores, boxes and, in some,
// landmarks of the three strides, in this order.
func openSCRFD(network Network, o Options) (Detector, error) {
	groups := len(network.Outputs()) / len(strides)
	if len(network.Outputs())%len(strides) != 0 || groups < 2 || groups > 3 {
		return nil, fmt.Errorf("%d outputs, want scores, boxes and perhaps landmarks for three strides", len(network.Outputs()))
	}
	d := &single{
		network: network, points: 5, layout: scrfdLayout(sideOf(o, scrfdSide)), scaling: cv.Bilinear,
		planes:   planes{rgb: true, mean: all(127.5), scale: 1.0 / 128}.ready(),
		suppress: nms(scrfdOverlap, 1),
	}
	if groups == 2 {
		d.points = 0
	}
	if size, ok := fixedInput(network); ok {
		if err := refuseSide(o, size); err != nil {
			return nil, err
		}
		d.layout = cornerOf(size)
	}
	least := o.least(scrfdThreshold, scrfdThreshold)
	d.decode = func(out []ort.Tensor, f frame) ([]face.Detection, error) { return scrfdDecode(out, f, least) }
	return d, nil
}

// scrfdLayout scales as the reference, which cuts the shorter side's fraction
// off and uses the vertical factor for both axes. That is some 38 pixels off at
// the far end of a photograph of 6000x1000; on usual ones it is below 2 pixels,
// and templates are those of the reference only with it.
func scrfdLayout(side int) layout {
	return func(photo image.Point) frame {
		w, h := side, side
		if photo.Y > photo.X {
			w = side * photo.X / photo.Y
		} else {
			h = side * photo.Y / photo.X
		}
		f := scaledTo(photo, image.Pt(w, h))
		f.back.X = f.back.Y
		f.input = image.Pt(roundUp(f.scaled.X, coarsest), roundUp(f.scaled.Y, coarsest))
		return f
	}
}

func scrfdDecode(out []ort.Tensor, f frame, least float32) ([]face.Detection, error) {
	var found []face.Detection
	for level, stride := range strides {
		cells := scrfdCells{stride: stride, columns: f.input.X / stride, rows: f.input.Y / stride, least: least}
		cells.scores, cells.boxes = out[level].Data, out[len(strides)+level].Data
		if len(out) == 3*len(strides) {
			cells.points = out[2*len(strides)+level].Data
		}
		some, err := cells.decode()
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

// scrfdCells is the answer for one stride: cells by row, column, anchor, each
// with a score, four distances from the cell's corner to the box's sides and
// five offsets to the landmarks, in strides.
type scrfdCells struct {
	stride, columns, rows int
	least                 float32
	scores, boxes, points []float32 // points may be missing
}

func (c scrfdCells) decode() ([]face.Detection, error) {
	n := c.columns * c.rows * scrfdAnchors
	if len(c.scores) != n || len(c.boxes) != 4*n || c.points != nil && len(c.points) != 10*n {
		return nil, fmt.Errorf("SCRFD graph: stride %d gives %d scores, %d box and %d landmark values, want %d cells",
			c.stride, len(c.scores), len(c.boxes), len(c.points), n)
	}
	var found []face.Detection
	for i, score := range c.scores {
		if score >= c.least {
			found = append(found, c.detection(i))
		}
	}
	return found, nil
}

func (c scrfdCells) detection(i int) face.Detection {
	stride, cell := float32(c.stride), i/scrfdAnchors
	x, y := float32(cell%c.columns)*stride, float32(cell/c.columns)*stride
	b := c.boxes[4*i : 4*i+4]
	d := face.Detection{
		Box:        face.Box{X1: x - b[0]*stride, Y1: y - b[1]*stride, X2: x + b[2]*stride, Y2: y + b[3]*stride},
		Confidence: clip01(c.scores[i]),
	}
	if c.points == nil {
		return d
	}
	p := c.points[10*i : 10*i+10]
	d.Landmarks = make(face.Landmarks, 5)
	for k := range d.Landmarks {
		d.Landmarks[k] = face.Point{X: x + p[2*k]*stride, Y: y + p[2*k+1]*stride}
	}
	return d
}
