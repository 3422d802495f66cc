// Package attribute estimates attributes of faces: age, gender, race and emotion, by
// the networks of several authors, each fed as its authors do, and answered in
// DeepFace's words.
package attribute

import (
	"context"
	"fmt"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/internal/face"
)

// Cut names a way of preparing a face.
type Cut string

// The ways of cutting.
const (
	Fit      Cut = "fit"      // the box, its aspect kept, in the middle of black (face-api.js, NetInput)
	Stretch  Cut = "stretch"  // the box, grown by the margin and stretched to the graph's size
	Square   Cut = "square"   // a square about the box, grown by the margin and stretched
	Padded   Cut = "padded"   // the same, black where it lies outside of the photograph
	DeepFace Cut = "deepface" // DeepFace's crop, letterboxed as numbers from 0 to 1
)

// Config describes a network.
type Config struct {
	// Name is the model's, for the estimates.
	Name string
	// Width and Height are those of the network's picture, in pixels. Required.
	Width, Height int
	// Cut prepares the face. Required.
	Cut Cut
	// Margin is by how much of its side the box, or the square, grows on each side, but
	// with Fit. Defaults to 0.
	Margin float64
	// Pixels make the network's numbers.
	Pixels classify.Pixels
	// Heads are what the network estimates. Required.
	Heads []Head
}

// Head is one attribute that a network estimates.
type Head struct {
	Attribute face.Attribute
	// Output is the name of the graph's output; empty for its only one.
	Output string
	// Labels are what the output's values are of, in their order; none for an age.
	Labels []string
	// Years is how many probabilities of an age there are, from 0 years on; 0 where
	// the network gives the age itself.
	Years int
	// Ages are the years for which each of several classes of age stands, in place of
	// Years.
	Ages []float64
	// Times makes years of an age that the network gives. Defaults to 1.
	Times float64
	// Logits says that the output's values are no probabilities yet, but their
	// logarithms up to a constant.
	Logits bool
	// From is the first of the output's values that are the head's, of so many as the
	// output has for a face, the Width. They default to all.
	From, Width int
}

// values is how many of the output's are the head's.
func (h Head) values() int { return max(1, len(h.Labels), h.Years, len(h.Ages)) }

// wide is how many values the output has for a face.
func (h Head) wide() int { return max(h.Width, h.values()) }

// Estimator is a network that estimates attributes. Several goroutines may use it.
type Estimator struct {
	config  Config
	network *classify.Network
}

// Open takes over a session, which it closes, unless it returns an error: that of a
// graph of another shape says what differs. The end of ctx ends the graph's trial.
func Open(ctx context.Context, session classify.Session, config Config) (*Estimator, error) {
	described := classify.Config{Width: config.Width, Height: config.Height, Channels: config.Pixels.Channels(), Last: config.Pixels.Last}
	for _, h := range config.Heads {
		described.Outputs = append(described.Outputs, classify.Output{Name: h.Output, Values: h.wide()})
	}
	network, err := classify.Open(ctx, session, described)
	if err != nil {
		return nil, err
	}
	return &Estimator{config, network}, nil
}

// Turned says whether it needs faces as DeepFace cuts them out.
func (e *Estimator) Turned() bool { return e.config.Cut == DeepFace }

// Estimate says by each of the estimators the attributes of faces, in their order. A face
// is prepared for all of them before the next, while its pixels are in the processor's
// cache. One of so few pixels that nothing of it is left is face.NoFace.
func Estimate(ctx context.Context, estimators []*Estimator, faces []classify.Face) ([][]map[face.Attribute]face.Estimate, error) {
	batches := make([]classify.Batch, len(estimators))
	for k, e := range estimators {
		batches[k] = e.network.Batch(len(faces))
		defer batches[k].Free()
	}
	for i, f := range faces {
		for k, e := range estimators {
			if err := e.config.numbers(f, batches[k].Picture(i)); err != nil {
				return nil, fmt.Errorf("prepare a face for %s: %w", e.config.Name, err)
			}
		}
	}
	out := make([][]map[face.Attribute]face.Estimate, len(estimators))
	for k, e := range estimators {
		said, err := batches[k].Run(ctx)
		if err == nil {
			out[k], err = e.read(said, len(faces))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.config.Name, err)
		}
	}
	return out, nil
}

// read makes attributes of so many faces out of what the network said of them.
func (e *Estimator) read(said [][][]float32, faces int) ([]map[face.Attribute]face.Estimate, error) {
	out := make([]map[face.Attribute]face.Estimate, faces)
	for i := range out {
		out[i] = map[face.Attribute]face.Estimate{}
		for k, h := range e.config.Heads {
			estimate, err := h.read(said[k][i][h.From : h.From+h.values()])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", h.Attribute, err)
			}
			estimate.Model = e.config.Name
			out[i][h.Attribute] = estimate
		}
	}
	return out, nil
}

// Close frees the network. It may be called twice.
func (e *Estimator) Close() error { return e.network.Close() }
