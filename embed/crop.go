package embed

import (
	"context"
	"errors"
	"math"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// place finds where each detection goes on the template of the recognisers.
func (e *Embedder) place(found []face.Detection) ([]align.Placement, error) {
	placements := make([]align.Placement, len(found))
	for i, d := range found {
		var err error
		if placements[i], err = align.Place(d, e.template, e.boxEyes); err != nil {
			return nil, err
		}
	}
	return placements, nil
}

// resolve sees to it that the photograph is decoded finely enough for the
// placements: no pixel of a crop needs less than one of the image.
func (e *Embedder) resolve(p *picture, placements []align.Placement) error {
	largest := 0.0
	for _, placement := range placements {
		largest = math.Max(largest, placement.Scale)
	}
	return e.refine(p, coarsest(func(r int) bool { return largest*float64(r) <= 1 }))
}

// cut makes the aligned crop of one placement. The detector that takes the
// whole picture for a face has nothing to align it by.
func (e *Embedder) cut(p *picture, placement align.Placement) (*cv.Image, error) {
	if e.whole {
		crop, err := align.Letterbox(p.image, e.template.Width, e.template.Height)
		if face.CodeOf(err) == face.Invalid {
			return nil, face.Wrap(face.NoFace, err, "a picture of %dx%d pixels cannot be a face", p.width, p.height)
		}
		return crop, err
	}
	placement.Map = p.onImage(placement.Map)
	return align.Cut(p.image, placement, e.template)
}

// crops calls use with the aligned crop of each detection, one at a time.
func (e *Embedder) crops(p *picture, found []face.Detection, use func(i int, crop *cv.Image, by align.Placement) error) error {
	placements, err := e.place(found)
	if err == nil {
		err = e.resolve(p, placements)
	}
	if err != nil {
		return err
	}
	for i, placement := range placements {
		crop, err := e.cut(p, placement)
		if err != nil {
			return err
		}
		if err := errors.Join(use(i, crop, placement), crop.Close()); err != nil {
			return err
		}
	}
	return nil
}

// Extracted is one face cut out of a photograph.
type Extracted struct {
	Detection face.Detection
	PNG       []byte
	// Placement tells how the face lay on the template. It is nil where it was
	// not aligned onto one.
	Placement *align.Placement
}

// Extract finds the faces of an encoded photograph and cuts them out: aligned as
// for recognition, align.Side pixels a side, or as boxes where the Config says
// so. It also tells the photograph's size in pixels, as displayed. Errors are
// those of Embed.
func (e *Embedder) Extract(ctx context.Context, data []byte, which face.Choice) (_ []Extracted, width, height int, err error) {
	if e.deepface || e.crop.Unaligned {
		return e.extractBoxes(ctx, data, which)
	}
	p, err := e.decodeFor(data, forTemplates)
	if err != nil {
		return nil, 0, 0, err
	}
	defer p.Close()
	found, err := e.find(ctx, p, which)
	if err != nil {
		return nil, 0, 0, err
	}
	out := make([]Extracted, len(found))
	err = e.crops(p, found, func(i int, crop *cv.Image, by align.Placement) error {
		png, err := crop.PNG()
		out[i] = Extracted{found[i], png, &by}
		if e.whole {
			out[i].Placement = nil
		}
		return err
	})
	if err != nil {
		return nil, 0, 0, internal(ctx, err, "cut out a face")
	}
	return out, p.width, p.height, nil
}
