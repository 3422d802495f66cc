package embed

import (
	"context"
	"errors"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/internal/face"
)

// Extracted is one face cut out of a photograph.
type Extracted struct {
	Detection face.Detection
	PNG       []byte
	// Placement tells how the face lay on the template. It is nil where it was
	// not aligned onto one.
	Placement *align.Placement
	Measures  face.Measures
	Liveness  *face.Liveness // nil where Taking did not ask for it
	// Points are what the model of landmarks finds, in the photograph's pixels, in the
	// order of iBUG's 300-W where there are 68; nil where the Config names none.
	Points face.Landmarks
}

// Extract finds the faces of an encoded photograph and cuts them out: aligned as
// for recognition, align.Side pixels a side where there is no recogniser, or as
// boxes where the Config says so. It also tells the photograph's size in pixels,
// as displayed. Errors are those of Embed.
func (e *Embedder) Extract(ctx context.Context, data []byte, which face.Choice) (_ []Extracted, width, height int, err error) {
	mine := turn{of: e.turns}
	if err := mine.take(ctx); err != nil {
		return nil, 0, 0, err
	}
	defer mine.giveBack()
	s, err := e.look(ctx, data, which)
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	out, found := make([]Extracted, s.faces), make([]face.Detection, s.faces)
	for i := range out {
		if out[i], err = e.extract(s, i); err != nil {
			return nil, 0, 0, internal(ctx, err, "cut out a face")
		}
		found[i] = out[i].Detection
	}
	points, err := e.point(ctx, data, found)
	if err != nil {
		return nil, 0, 0, err
	}
	for i := range out {
		out[i].Points = points[i]
	}
	return out, s.width, s.height, nil
}

func (m *model) extract(s *sight, i int) (Extracted, error) {
	c, err := s.cut[0](i)
	if err != nil {
		return Extracted{}, err
	}
	png, err := c.crop.PNG()
	measures, unmeasured := m.measures(c)
	out := Extracted{Detection: c.detection, PNG: png, Placement: c.placement, Measures: measures, Liveness: s.liveness(i)}
	return out, errors.Join(err, unmeasured, c.crop.Close())
}
