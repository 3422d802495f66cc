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
	out := make([]Extracted, s.faces)
	for i := range out {
		if out[i], err = e.extract(s, i); err != nil {
			return nil, 0, 0, internal(ctx, err, "cut out a face")
		}
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
	return Extracted{c.detection, png, c.placement, measures, s.liveness(i)}, errors.Join(err, unmeasured, c.crop.Close())
}
