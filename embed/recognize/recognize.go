// Package recognize turns the crop of a face into an embedding: networks by
// their ONNX graph, and local binary patterns, which need no weights.
package recognize

import (
	"context"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Recognizer turns crops of faces into embeddings. It may be used by several
// goroutines at once; whoever opened it closes it when they are done.
type Recognizer interface {
	// Recognize takes crops in blue, green, red, cut out as the recogniser was
	// trained on them, and returns Dim values for each, in their order, not
	// normalised.
	Recognize(ctx context.Context, crops []*cv.Image) ([][]float32, error)
	Dim() int
	Close() error
}

// Batcher is a Recognizer that lets its callers share runs, and sees itself to the
// processors that it needs.
type Batcher interface {
	// Batch is how many faces go into one run at most.
	Batch() int
}

// Feeder is a Recognizer that can show what its network is given.
type Feeder interface {
	// Fed returns the network's numbers for a crop: rows, columns and channels,
	// the channels running fastest and in the network's order, whatever the
	// layout of its graph.
	Fed(crop *cv.Image) ([]float32, error)
}

// Unit scales an embedding to Euclidean length 1, in place. Errors are those of
// Check.
func Unit(embedding []float32) error {
	if err := Check(embedding); err != nil {
		return err
	}
	length := length(embedding)
	for i, v := range embedding {
		embedding[i] = float32(float64(v) / length)
	}
	return nil
}

// Check refuses an embedding without direction (all zero, or not finite): it
// compares with nothing. It is face.Internal.
func Check(embedding []float32) error {
	if l := length(embedding); l == 0 || math.IsNaN(l) || math.IsInf(l, 0) {
		return face.Errorf(face.Internal, "the recogniser gave an embedding without direction (length %g)", l)
	}
	return nil
}

func length(embedding []float32) float64 {
	var sum float64
	for _, v := range embedding {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}
