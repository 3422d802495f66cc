package detect

import (
	"image"
	"slices"

	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// fractions reads the answer of a network that decodes its boxes itself: the
// probabilities of so many classes, of which the first is the background and
// all others are faces, and the corners x1, y1, x2, y2 as fractions of the
// input.
func fractions(out []ort.Tensor, input image.Point, classes int, least float32) ([]face.Detection, error) {
	values, err := byWidth(out, int64(classes), 4)
	if err != nil {
		return nil, err
	}
	scores, boxes := values[0], values[1]
	var found []face.Detection
	for i := range len(boxes) / 4 {
		score := slices.Max(scores[i*classes+1 : (i+1)*classes])
		if score >= least {
			found = append(found, fraction(boxes[4*i:], input, score))
		}
	}
	return found, nil
}

// fraction is a detection without landmarks, in pixels of the input.
func fraction(corners []float32, input image.Point, score float32) face.Detection {
	w, h := float32(input.X), float32(input.Y)
	return face.Detection{
		Box:        face.Box{X1: corners[0] * w, Y1: corners[1] * h, X2: corners[2] * w, Y2: corners[3] * h},
		Confidence: clip01(score),
	}
}
