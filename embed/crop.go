package embed

import (
	"math"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// placed aligns the faces as the recogniser's authors did, by landmarks or by
// boxes, and sees to it that the photograph is decoded finely enough.
func (e *Embedder) placed(p *picture, found []face.Detection, m *model) (func(i int) (cut, error), error) {
	placements, err := e.place(found, m)
	if err == nil {
		err = e.resolve(p, placements)
	}
	return func(i int) (cut, error) {
		crop, err := m.cutPlaced(p, placements[i])
		if p.whole {
			return cut{detection: found[i], crop: crop}, err
		}
		return cut{detection: found[i], crop: crop, placement: &placements[i]}, err
	}, err
}

// place finds where each detection goes on the template of the recogniser.
func (e *Embedder) place(found []face.Detection, m *model) ([]align.Placement, error) {
	placements := make([]align.Placement, len(found))
	for i, d := range found {
		var err error
		if m.native.Crop == registry.CropBox {
			placements[i], err = align.Box(d.Box, m.native.Margin, m.template)
		} else {
			placements[i], err = align.Place(d, m.template, e.boxEyes)
		}
		if err != nil {
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

// cutPlaced makes the aligned crop of one placement. Where the whole photograph
// is taken for a face there is nothing to align it by.
func (m *model) cutPlaced(p *picture, placement align.Placement) (*cv.Image, error) {
	if p.whole {
		crop, err := align.Letterbox(p.image, m.template.Width, m.template.Height)
		if face.CodeOf(err) == face.Invalid {
			return nil, face.Wrap(face.NoFace, err, "a picture of %dx%d pixels cannot be a face", p.width, p.height)
		}
		return crop, err
	}
	placement.Map = p.onImage(placement.Map)
	return align.Cut(p.image, placement, m.template)
}
