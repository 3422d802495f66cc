package detect

import (
	"fmt"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// UltraFace: the RFB and slim networks of Linzaer/Ultra-Light-Fast-Generic-
// Face-Detector-1MB, of 320x240 or 640x480 pixels. Input and confidence as in
// that repository, run_video_face_detect_onnx.py, overlap as in its
// vision/ssd/config/fd_config.py. They give no landmarks.
const (
	ultrafaceThreshold = 0.7
	ultrafaceOverlap   = 0.3
)

// openUltraFace reads a graph with two classes, background and face, or with
// three, where faces with a mask are a class of their own. Both count as faces,
// and a face is of the likelier class.
func openUltraFace(network Network, o Options) (Detector, error) {
	size, ok := fixedInput(network)
	if !ok || !sized(network, size, false) {
		return nil, fmt.Errorf("inputs %v, want one of 1x3x240x320 or 1x3x480x640", network.Inputs())
	}
	if err := wantWidths(network, 2, 4); err != nil && wantWidths(network, 3, 4) != nil {
		return nil, err
	}
	if err := refuseSide(o, size); err != nil {
		return nil, err
	}
	least := o.least(ultrafaceThreshold, ultrafaceThreshold)
	return &single{
		network: network, layout: stretched(size), scaling: cv.Bilinear,
		planes: planes{rgb: true, mean: all(127), scale: 1.0 / 128}.ready(),
		decode: func(out []ort.Tensor, f frame) ([]face.Detection, error) {
			return fractions(out, f.input, ultrafaceClasses(out), least)
		},
		suppress: nms(ultrafaceOverlap, 0),
	}, nil
}

// ultrafaceClasses is 3 where masked faces are a class of their own, else 2.
func ultrafaceClasses(out []ort.Tensor) int {
	if slices.ContainsFunc(out, func(t ort.Tensor) bool { return widthOf(t.Shape) == 3 }) {
		return 3
	}
	return 2
}
