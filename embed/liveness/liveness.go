// Package liveness tells a live face from a picture of one, held before the camera
// on paper or a screen: presentation attack detection (ISO/IEC 30107-3).
package liveness

import (
	"context"
	"errors"
	"math"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Config describes a model: networks that look at more and less around the face and
// give logits of the same classes.
type Config struct {
	// Width and Height are those of the networks' picture, in pixels. Required.
	Width, Height int
	// Scales are by how much the box is enlarged for each network. Required.
	Scales []float64
	// Classes is how many logits a network gives. Required.
	Classes int
	// Live is which of them is that of a live face.
	Live int
	// Threshold is the least probability of a live face at which a face counts as one.
	// Defaults to none: the class that is the most likely decides.
	Threshold float64
	// Pixels make the networks' numbers.
	Pixels classify.Pixels
	// Winning has scores be the probability of the class that is the most likely,
	// as DeepFace has them. Defaults to that of a live face.
	Winning bool
}

// Checker says of faces whether they are live. Several goroutines may use it.
type Checker struct {
	config   Config
	networks []*classify.Network
}

// Open takes over the sessions, one for each scale, unless it returns an error: that
// of a graph of another shape says what differs. The end of ctx ends the trial of the
// graphs.
func Open(ctx context.Context, sessions []classify.Session, config Config) (*Checker, error) {
	if len(sessions) != len(config.Scales) {
		return nil, face.Errorf(face.Mismatch, "%d graphs, want %d", len(sessions), len(config.Scales))
	}
	c := &Checker{config: config}
	for _, session := range sessions {
		network, err := classify.Open(ctx, session, classify.Config{
			Width: config.Width, Height: config.Height, Channels: config.Pixels.Channels(), Last: config.Pixels.Last,
			Outputs: []classify.Output{{Values: config.Classes}},
		})
		if err != nil {
			return nil, err
		}
		c.networks = append(c.networks, network)
	}
	return c, nil
}

// Check judges faces, in their order. The networks' probabilities are averaged, and
// the class that is the most likely then decides (minivision-ai/
// Silent-Face-Anti-Spoofing, test.py), or the Config's threshold.
func (c *Checker) Check(ctx context.Context, faces []classify.Face) ([]face.Liveness, error) {
	means := make([][]float64, len(faces))
	for i := range means {
		means[i] = make([]float64, c.config.Classes)
	}
	for n, network := range c.networks {
		said, err := network.Run(ctx, len(faces), func(i int, to []float32) error { return c.numbers(faces[i], c.config.Scales[n], to) })
		if err != nil {
			return nil, err
		}
		for i, logits := range said[0] {
			for class, p := range softmax(logits) {
				means[i][class] += p / float64(len(c.networks))
			}
		}
	}
	out := make([]face.Liveness, len(faces))
	for i, p := range means {
		out[i] = c.decide(p)
	}
	return out, nil
}

// decide judges a face by the probabilities of its classes.
func (c *Checker) decide(p []float64) face.Liveness {
	best := 0
	for class := range p {
		if p[class] > p[best] {
			best = class
		}
	}
	said := face.Liveness{Real: best == c.config.Live, Score: p[c.config.Live]}
	if c.config.Threshold > 0 {
		said.Real = said.Score >= c.config.Threshold
	}
	if c.config.Winning {
		said.Score = p[best]
	}
	return said
}

// numbers prepares a face for a network.
func (c *Checker) numbers(f classify.Face, scale float64, to []float32) error {
	crop, err := f.Picture.Crop(around(f.Box, f.Frame, scale))
	if err != nil {
		return face.Wrap(face.NoFace, err, "face at %v", f.Box)
	}
	scaled, err := crop.Resize(c.config.Width, c.config.Height, cv.Bilinear)
	if err := errors.Join(err, crop.Close()); err != nil {
		return err
	}
	return errors.Join(c.config.Pixels.Of(scaled, to), scaled.Close())
}

// softmax makes probabilities of logits.
func softmax(logits []float32) []float64 {
	most := logits[0]
	for _, v := range logits {
		most = max(most, v)
	}
	p, sum := make([]float64, len(logits)), 0.0
	for i, v := range logits {
		p[i] = math.Exp(float64(v - most))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// Close frees the networks. It may be called twice.
func (c *Checker) Close() error {
	var errs []error
	for _, n := range c.networks {
		errs = append(errs, n.Close())
	}
	return errors.Join(errs...)
}
