// Package recognize turns an aligned face into an embedding: networks by their
// ONNX graph, and local binary patterns, which need no weights.
package recognize

import (
	"context"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Recognizer turns an aligned face into an embedding. It may be used by several
// goroutines at once; whoever opened it closes it when they are done.
type Recognizer interface {
	// Recognize takes an aligned face of align.Side pixels a side, blue, green,
	// red, and returns Dim values, not normalised.
	Recognize(ctx context.Context, aligned *cv.Image) ([]float32, error)
	Dim() int
	Close() error
}

// Unit scales an embedding to Euclidean length 1, in place. An embedding
// without direction (all zero, or not finite) is face.Internal: it compares
// with nothing.
func Unit(embedding []float32) error {
	var sum float64
	for _, v := range embedding {
		sum += float64(v) * float64(v)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return face.Errorf(face.Internal, "the recogniser gave an embedding without direction (length %g)", math.Sqrt(sum))
	}
	length := math.Sqrt(sum)
	for i, v := range embedding {
		embedding[i] = float32(float64(v) / length)
	}
	return nil
}
