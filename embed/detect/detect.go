// Package detect finds faces: one file per detector backend behind one
// Detector.
package detect

import (
	"cmp"
	"context"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Detector finds the faces of a photograph. It may be used by several
// goroutines at once; whoever opened it closes it when they are done.
type Detector interface {
	// Detect returns the faces, the most confident first, in pixels of the
	// photograph. A photograph without faces is no error.
	Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error)
	// Landmarks is how many points each detection carries when all goes well:
	// 5, 2 (the eyes) or 0.
	Landmarks() int
	Close() error
}

// byConfidence orders detections for Detect: the most confident first, ties
// from left to right.
func byConfidence(found []face.Detection) []face.Detection {
	slices.SortStableFunc(found, func(a, b face.Detection) int {
		return cmp.Or(cmp.Compare(b.Confidence, a.Confidence), cmp.Compare(a.Box.X1, b.Box.X1))
	})
	return found
}

// suppress keeps, of detections that overlap, the most confident: greedy
// non-maximum suppression at the given intersection over union. With extent 1
// boxes count pixels inclusively, as py_cpu_nms (rbgirshick/py-faster-rcnn)
// does; with 0 they are continuous.
func suppress(found []face.Detection, limit, extent float32) []face.Detection {
	var kept []face.Detection
	for _, d := range byConfidence(found) {
		if !slices.ContainsFunc(kept, func(k face.Detection) bool {
			return overlap(d.Box, k.Box, extent) > limit
		}) {
			kept = append(kept, d)
		}
	}
	return kept
}

func overlap(a, b face.Box, extent float32) float32 {
	area := func(b face.Box) float32 {
		return max(0, b.X2-b.X1+extent) * max(0, b.Y2-b.Y1+extent)
	}
	both := area(face.Box{X1: max(a.X1, b.X1), Y1: max(a.Y1, b.Y1), X2: min(a.X2, b.X2), Y2: min(a.Y2, b.Y2)})
	return both / (area(a) + area(b) - both)
}
