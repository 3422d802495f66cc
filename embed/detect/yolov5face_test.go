package detect_test

import (
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/internal/face"
)

// A photograph of 200x100 pixels lies, at side 128, as 128x64 pixels in an input
// of 128x64; at side 160 as 160x80 in 160x96, from row 8 on.
func TestYOLOv5Face(t *testing.T) {
	t.Parallel()
	photo := uniform(t, 200, 100, orange)
	network := untold(answering([]int64{-1, 3, -1, -1}, rows(16,
		40, 48, 16, 32, 0.9, 36, 40, 44, 40, 40, 48, 36, 56, 44, 56, 0.8,
		41, 48, 16, 32, 0.8, 36, 40, 44, 40, 40, 48, 36, 56, 44, 56, 0.8, // the same face
		100, 48, 16, 32, 0.7, 36, 40, 44, 40, 40, 48, 36, 56, 44, 56, 0.7, // 0.49
	)))
	// Pixels of the photograph are 1.25 times those of the input.
	wantDetections(t, detectWith(t, "yolov5face", detect.Options{Side: 160}, photo, network), []face.Detection{{
		Box: face.Box{X1: 40, Y1: 30, X2: 60, Y2: 70}, Confidence: 0.72,
		Landmarks: face.Landmarks{{X: 45, Y: 40}, {X: 55, Y: 40}, {X: 50, Y: 50}, {X: 45, Y: 60}, {X: 55, Y: 60}},
	}})
	if s := network.seen.Shape; s[2] != 96 || s[3] != 160 {
		t.Errorf("input of shape %v, want 1x3x96x160", s)
	}
	wantChannels(t, network.seen, 100, 7, [3]float32{114.0 / 255, 114.0 / 255, 114.0 / 255})
	wantChannels(t, network.seen, 100, 8, [3]float32{230.0 / 255, 130.0 / 255, 30.0 / 255})

	network.inputs[0].Shape = []int64{1, 3, 64, 64} // 64x32 in it, from row 16 on: factor 3.125
	fixed := detectWith(t, "yolov5face", detect.Options{Confidence: 0.71}, photo, network)
	if len(fixed) != 1 || fixed[0].Box != (face.Box{X1: 100, Y1: 50, X2: 150, Y2: 150}) {
		t.Errorf("fixed input: found %v", fixed)
	}
}
