package detect

import (
	"fmt"
	"image"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// BlazeFace (Bazarevsky et al. 2019, arXiv 1907.05047), the detector of
// MediaPipe for faces that are near: 128 pixels a side for front cameras, 256
// for back ones. Decoding and thresholds as in hollance/BlazeFace-PyTorch,
// blazeface.py. Of its six points the ears are left out.
//
// DeepFace (deepface/models/face_detection/MediaPipe.py) asks for a confidence
// of 0.7 and hands MediaPipe the colours in the wrong order, blue for red.
const (
	blazefaceFrontSide, blazefaceFront = 128, 0.75 // pixels, least confidence
	blazefaceBackSide, blazefaceBack   = 256, 0.65
	blazefaceDeepFace                  = 0.7
	blazefaceOverlap                   = 0.3
	blazefacePoints                    = 4
	// blazefaceWidth is the number of values for each anchor: centre, width and
	// height of the box, six points; in pixels of the input, from the anchor.
	blazefaceWidth = 16
	// blazefaceLogit bounds the logits of the confidence, as the reference does.
	blazefaceLogit = 100
)

// openBlazeFace reads a graph of channels first, or of channels last, as tf2onnx
// makes it of MediaPipe's own file.
func openBlazeFace(network Network, o Options) (Detector, error) {
	side, last, err := blazefaceInput(network)
	if err != nil {
		return nil, err
	}
	if err := wantWidths(network, 1, blazefaceWidth); err != nil {
		return nil, err
	}
	if err := refuseSide(o, image.Pt(side, side)); err != nil {
		return nil, err
	}
	native := float32(blazefaceFront)
	if side == blazefaceBackSide {
		native = blazefaceBack
	}
	least, anchors := o.least(native, blazefaceDeepFace), blazefaceAnchors(side)
	p := planes{rgb: true, mean: all(127.5), scale: 1 / 127.5, last: last}
	d := &single{
		network: network, points: blazefacePoints, layout: centred(image.Pt(side, side)), scaling: cv.Area,
		decode: func(out []ort.Tensor, _ frame) ([]face.Detection, error) {
			return blazefaceDecode(out, anchors, least)
		},
		suppress: blend(blazefaceOverlap, meanConfidence),
	}
	if o.deepface() {
		p.rgb, d.suppress = false, blend(blazefaceOverlap, bestConfidence)
	}
	d.planes = p.ready()
	return d, nil
}

// blazefaceInput is the side of the graph's square input, and whether its
// channels come last.
func blazefaceInput(network Network) (side int, last bool, err error) {
	for _, side := range []int{blazefaceFrontSide, blazefaceBackSide} {
		for _, last := range []bool{false, true} {
			if sized(network, image.Pt(side, side), last) {
				return side, last, nil
			}
		}
	}
	return 0, false, fmt.Errorf("inputs %v, want one of 128x128 or 256x256 pixels", network.Inputs())
}

// blazefaceAnchors are the centres of the 896 anchors: two for each of 16x16
// cells and six for each of 8x8, rows first.
func blazefaceAnchors(side int) []face.Point {
	var anchors []face.Point
	for _, grid := range []struct{ cells, anchors int }{{16, 2}, {8, 6}} {
		cell := float32(side) / float32(grid.cells)
		for i := range grid.cells * grid.cells * grid.anchors {
			column, row := i/grid.anchors%grid.cells, i/grid.anchors/grid.cells
			anchors = append(anchors, face.Point{X: (float32(column) + 0.5) * cell, Y: (float32(row) + 0.5) * cell})
		}
	}
	return anchors
}

func blazefaceDecode(out []ort.Tensor, anchors []face.Point, least float32) ([]face.Detection, error) {
	values, err := byWidth(out, 1, blazefaceWidth)
	if err != nil {
		return nil, fmt.Errorf("BlazeFace graph: %w", err)
	}
	logits, lengths := values[0], values[1]
	if len(logits) != len(anchors) {
		return nil, fmt.Errorf("BlazeFace graph: %d anchors, want %d", len(logits), len(anchors))
	}
	var found []face.Detection
	for i, at := range anchors {
		if score := sigmoid(min(max(logits[i], -blazefaceLogit), blazefaceLogit)); score >= least {
			d := blazefaceDetection(at, lengths[i*blazefaceWidth:])
			d.Confidence = score
			found = append(found, d)
		}
	}
	return found, nil
}

func blazefaceDetection(at face.Point, v []float32) face.Detection {
	x, y, w, h := at.X+v[0], at.Y+v[1], v[2]/2, v[3]/2
	marks := make(face.Landmarks, blazefacePoints)
	for k := range marks {
		marks[k] = face.Point{X: at.X + v[4+2*k], Y: at.Y + v[5+2*k]}
	}
	return face.Detection{Box: face.Box{X1: x - w, Y1: y - h, X2: x + w, Y2: y + h}, Landmarks: marks}
}

func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }
