package detect

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// single is a detector of one graph that sees the whole photograph at once.
// Backends differ in its fields.
type single struct {
	network Network
	points  int // of each detection
	layout  layout
	scaling cv.Scaling
	planes  *planes
	// decode reads all candidates that are confident enough, in pixels of the
	// network's input.
	decode func(out []ort.Tensor, f frame) ([]face.Detection, error)
	// suppress leaves one detection for each face, in pixels of the photograph.
	suppress func([]face.Detection) []face.Detection
}

func (s *single) Landmarks() int { return s.points }

func (s *single) Sees(photo image.Point) image.Point { return s.layout(photo).scaled }

func (s *single) Close() error { return s.network.Close() }

func (s *single) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	f := s.layout(image.Pt(photo.Width(), photo.Height()))
	out, err := s.run(ctx, photo, f)
	if err != nil {
		return nil, err
	}
	found, err := s.decode(out, f)
	if err != nil {
		return nil, err
	}
	for i, d := range found {
		if !finite(d) {
			return nil, fmt.Errorf("the network's answer holds a box or landmark that is no number: %v", d)
		}
		found[i] = f.detection(d)
	}
	return byConfidence(s.suppress(found)), nil
}

// run scales the photograph into the network's input and runs it.
func (s *single) run(ctx context.Context, photo *cv.Image, f frame) ([]ort.Tensor, error) {
	fits := f.scaled == image.Pt(photo.Width(), photo.Height())
	stretched := s.scaling == cv.Bilinear && s.planes.stretches()
	if !fits && !stretched {
		small, err := photo.Resize(f.scaled.X, f.scaled.Y, s.scaling)
		if err != nil {
			return nil, err
		}
		defer small.Close()
		photo = small
	}
	input, err := s.planes.tensor(photo, f)
	if err != nil {
		return nil, err
	}
	defer s.planes.done(input)
	return s.network.Run(ctx, input)
}

func finite(d face.Detection) bool {
	values := []float32{d.Box.X1, d.Box.Y1, d.Box.X2, d.Box.Y2, d.Confidence}
	for _, p := range d.Landmarks {
		values = append(values, p.X, p.Y)
	}
	return !slices.ContainsFunc(values, func(v float32) bool {
		return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0)
	})
}

// nms is suppress with its limits, for single.
func nms(limit, extent float32) func([]face.Detection) []face.Detection {
	return func(found []face.Detection) []face.Detection { return suppress(found, limit, extent) }
}
