package detect

import (
	"fmt"
	"image"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// YOLO5Face (Qi et al. 2022, "YOLO5Face: Why Reinventing a Face Detector",
// arXiv 2105.12931), such as the network of 0.5 GFLOP that foamliu/MobileFaceNet
// publishes. Input as in deepcam-cn/yolov5-face, detect_face.py, confidence as in
// foamliu's custom_yolodetector.py, overlap the default of both in
// utils/general.py, non_max_suppression_face.
const (
	yolov5Side      = 640 // pixels of the photograph's longer side
	yolov5Threshold = 0.5
	yolov5Overlap   = 0.45
	yolov5Fill      = 114
	// yolov5Width is the number of values for each anchor: centre, width and
	// height of the box, probability of an object, five landmarks, probability
	// that the object is a face; lengths in pixels of the input.
	yolov5Width = 16
)

// openYOLOv5Face reads a graph that decodes its anchors into one output.
func openYOLOv5Face(network Network, o Options) (Detector, error) {
	if err := wantWidths(network, yolov5Width); err != nil {
		return nil, err
	}
	d := &single{
		network: network, points: 5, layout: letterbox(sideOf(o, yolov5Side)), scaling: cv.Bilinear,
		planes: planes{rgb: true, scale: 1.0 / 255, fill: yolov5Fill}.ready(), suppress: nms(yolov5Overlap, 0),
	}
	if size, ok := fixedInput(network); ok {
		if err := refuseSide(o, size); err != nil {
			return nil, err
		}
		d.layout = centred(size)
	}
	least := o.least(yolov5Threshold, yolov5Threshold)
	d.decode = func(out []ort.Tensor, _ frame) ([]face.Detection, error) { return yolov5Decode(out, least) }
	return d, nil
}

// letterbox scales the photograph so that its longer side has side pixels, into
// the middle of an input of multiples of the coarsest stride.
func letterbox(side int) layout {
	return func(photo image.Point) frame {
		f := cornered(side)(photo)
		f.at = f.input.Sub(f.scaled).Div(2)
		return f
	}
}

func yolov5Decode(out []ort.Tensor, least float32) ([]face.Detection, error) {
	values, err := byWidth(out, yolov5Width)
	if err != nil {
		return nil, fmt.Errorf("YOLOv5-face graph: %w", err)
	}
	var found []face.Detection
	for anchor := range slices.Chunk(values[0], yolov5Width) {
		if d := yolov5Detection(anchor); d.Confidence >= least {
			found = append(found, d)
		}
	}
	return found, nil
}

// yolov5Detection reads the values of one anchor.
func yolov5Detection(v []float32) face.Detection {
	x, y, w, h := v[0], v[1], v[2]/2, v[3]/2
	marks := make(face.Landmarks, 5)
	for k := range marks {
		marks[k] = face.Point{X: v[5+2*k], Y: v[6+2*k]}
	}
	return face.Detection{
		Box:        face.Box{X1: x - w, Y1: y - h, X2: x + w, Y2: y + h},
		Confidence: clip01(v[4]) * clip01(v[15]), Landmarks: marks,
	}
}
