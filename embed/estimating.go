package embed

import (
	"context"
	"errors"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// Estimating is the Embedder with templates that also carry some attributes of their
// faces, of those that it was opened with. For this, photographs are decoded once more,
// whole, so that the attributes are those that Analyze says. It shares all its parts
// with e, which alone is to be closed.
func (e *Embedder) Estimating(attributes []face.Attribute) *Embedder {
	other := *e
	other.estimating = attributes
	return &other
}

// describe adds the attributes of a photograph's faces to its templates, of which each
// space has those of the same faces in the same order.
func (e *Embedder) describe(ctx context.Context, data []byte, photos []face.Photo) (err error) {
	if len(e.estimating) == 0 || len(photos) == 0 {
		return nil
	}
	asked := Asked{Attributes: e.estimating}
	if err := e.answers(asked); err != nil {
		return err
	}
	mine := turn{of: e.turns}
	if err := mine.take(ctx); err != nil {
		return err
	}
	defer mine.giveBack()
	p, err := e.decode(data, whole)
	if err != nil {
		return err
	}
	v := &view{picture: p, width: p.width, height: p.height}
	defer func() { err = errors.Join(err, p.Close()) }()
	if v.frame, v.turned, err = e.bordered(p); err != nil {
		return err
	}
	for _, t := range photos[0].Templates {
		d := t.Detection
		d.Landmarks = slices.Clone(d.Landmarks)
		v.found = append(v.found, shifted(d, v.frame.Min.X, v.frame.Min.Y))
	}
	same := *e
	same.crop.Expand = 0 // the boxes have grown already
	for from := 0; from < len(v.found); from += chunk {
		to := min(from+chunk, len(v.found))
		said, err := same.analyzeSome(ctx, v.faces()[from:to], asked)
		if err != nil {
			return err
		}
		for _, photo := range photos {
			for i, one := range said {
				photo.Templates[from+i].Attributes = one.Attributes
			}
		}
	}
	return nil
}
