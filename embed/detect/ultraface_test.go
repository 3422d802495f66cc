package detect_test

import (
	"testing"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// A photograph of 640x240 pixels is stretched to 320x240. Overlaps above 0.3
// are one face: the first and second of a half each overlap by 1/3, the second
// and third do not touch.
func TestUltraFace(t *testing.T) {
	t.Parallel()
	photo := uniform(t, 640, 240, orange)
	boxes := rows(4, 0.1, 0.1, 0.3, 0.5, 0.2, 0.1, 0.4, 0.5, 0.5, 0.5, 1.1, 0.9, 0, 0, 1, 1)
	first := face.Box{X1: 64, Y1: 24, X2: 192, Y2: 120}
	third := face.Box{X1: 320, Y1: 120, X2: 704, Y2: 216}
	for name, c := range map[string]struct {
		scores ort.Tensor
		want   []face.Detection
	}{
		"two classes": {
			rows(2, 0.1, 0.9, 0.2, 0.8, 0.25, 0.75, 0.31, 0.69),
			[]face.Detection{{Box: first, Confidence: 0.9}, {Box: third, Confidence: 0.75}},
		},
		"masked": {
			rows(3, 0.1, 0, 0.9, 0.2, 0.8, 0, 0.05, 0.75, 0.2, 0.31, 0.3, 0.39),
			[]face.Detection{{Box: first, Confidence: 0.9}, {Box: third, Confidence: 0.75}},
		},
	} {
		for _, open := range []bool{false, true} {
			network := answering([]int64{1, 3, 240, 320}, c.scores, boxes)
			if open {
				untold(network)
			}
			t.Run(name, func(t *testing.T) {
				wantDetections(t, detectWith(t, "ultraface", detect.Options{}, photo, network), c.want)
				wantChannels(t, network.seen, 319, 239, [3]float32{103.0 / 128, 3.0 / 128, -97.0 / 128})
			})
		}
	}
}
