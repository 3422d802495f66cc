package detect

import (
	"fmt"
	"image"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// SSD (Liu et al. 2016, "SSD: Single Shot MultiBox Detector") on ten layers of
// a ResNet, the face detector of opencv/opencv, samples/dnn/face_detector. Mean,
// threshold and overlap as in its deploy.prototxt and README. It gives no
// landmarks, and on close-ups a second box now and then.
//
// DeepFace (deepface/models/face_detection/Ssd.py) subtracts no mean, asks for
// a confidence of 0.9 and cuts the corners to whole pixels of the input.
const (
	ssdThreshold = 0.5
	ssdDeepFace  = 0.9
	ssdOverlap   = 0.45
	ssdSide      = 300 // pixels of the input, both ways
)

// openSSD reads a graph that decodes its boxes, but does not suppress any: two
// outputs, probabilities of background and face, and corners.
func openSSD(network Network, o Options) (Detector, error) {
	if !sized(network, image.Pt(ssdSide, ssdSide), false) {
		return nil, fmt.Errorf("inputs %v, want one of 1x3x300x300", network.Inputs())
	}
	if err := wantWidths(network, 2, 4); err != nil {
		return nil, err
	}
	if err := refuseSide(o, image.Pt(ssdSide, ssdSide)); err != nil {
		return nil, err
	}
	return newSSD(network, o, func(out []ort.Tensor, least float32) ([]face.Detection, error) {
		found, err := fractions(out, image.Pt(ssdSide, ssdSide), 2, least)
		return suppress(found, ssdOverlap, 0), err
	}), nil
}

// newSSD is the detector on any graph of the network; read gives what it finds,
// one box for each face, in pixels of the input.
func newSSD(network Network, o Options, read func([]ort.Tensor, float32) ([]face.Detection, error)) *single {
	least := o.least(ssdThreshold, ssdDeepFace)
	d := &single{
		network: network, layout: stretched(image.Pt(ssdSide, ssdSide)), scaling: cv.Bilinear,
		planes:   planes{mean: [3]float32{104, 177, 123}, scale: 1}.ready(),
		decode:   func(out []ort.Tensor, _ frame) ([]face.Detection, error) { return read(out, least) },
		suppress: func(found []face.Detection) []face.Detection { return found },
	}
	if o.deepface() {
		d.planes = planes{scale: 1}.ready()
		d.decode = func(out []ort.Tensor, _ frame) ([]face.Detection, error) {
			found, err := read(out, least)
			return wholePixels(found), err
		}
	}
	return d
}

// wholePixels cuts the fractions of all corners off.
func wholePixels(found []face.Detection) []face.Detection {
	whole := func(v float32) float32 { return float32(math.Trunc(float64(v))) }
	for i, d := range found {
		found[i].Box = face.Box{X1: whole(d.Box.X1), Y1: whole(d.Box.Y1), X2: whole(d.Box.X2), Y2: whole(d.Box.Y2)}
	}
	return found
}
