package detect

import (
	"cmp"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// maxCandidates bounds what suppression compares, as OpenCV's FaceDetectorYN
// does (top_k). It is more than any photograph has faces.
const maxCandidates = 5000

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
	for _, d := range candidates(found) {
		if !slices.ContainsFunc(kept, func(k face.Detection) bool {
			return overlap(d.Box, k.Box, extent) > limit
		}) {
			kept = append(kept, d)
		}
	}
	return kept
}

// candidates are the most confident of all found, in order.
func candidates(found []face.Detection) []face.Detection {
	return byConfidence(found)[:min(len(found), maxCandidates)]
}

// overlap is the intersection over union of two boxes; see suppress for extent.
func overlap(a, b face.Box, extent float32) float32 {
	both := shared(a, b, extent)
	return both / (area(a, extent) + area(b, extent) - both)
}

func shared(a, b face.Box, extent float32) float32 {
	return area(face.Box{X1: max(a.X1, b.X1), Y1: max(a.Y1, b.Y1), X2: min(a.X2, b.X2), Y2: min(a.Y2, b.Y2)}, extent)
}

func area(b face.Box, extent float32) float32 {
	return max(0, b.X2-b.X1+extent) * max(0, b.Y2-b.Y1+extent)
}
