package embed

import (
	"context"
	"errors"
	"image"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// sight is a photograph with the faces that were found in it, ready to be cut
// out.
type sight struct {
	picture       *picture
	width, height int              // of the photograph, in pixels, as displayed
	faces         int              // at least one
	found         []face.Detection // in the picture's pixels, were it not reduced
	frame         image.Rectangle  // where the photograph lies in it
	live          []face.Liveness  // of each face; nil where nobody asked
	// cut cuts one of the faces out for each model, in their order. The caller
	// closes the crop.
	cut []func(i int) (cut, error)
}

// cut is a face that was cut out.
type cut struct {
	detection face.Detection // in the photograph's pixels
	crop      *cv.Image
	placement *align.Placement // nil where the face was not aligned onto a template
	live      *face.Liveness   // nil where nobody asked
}

func (s *sight) Close() error { return s.picture.Close() }

// lookForFaces finds the faces of a photograph.
func (e *Embedder) lookForFaces(ctx context.Context, data []byte, which face.Choice) (*sight, error) {
	defer e.timed(StageDetect)()
	if e.deepface() || e.crop.Unaligned {
		return e.lookForBoxes(ctx, data, which)
	}
	p, err := e.decodeFor(data, forTemplates)
	if err != nil {
		return nil, err
	}
	s := &sight{picture: p, width: p.width, height: p.height, frame: image.Rect(0, 0, p.width, p.height)}
	s.found, err = e.findOrTake(ctx, p, which, s.frame)
	if err == nil {
		s.faces = len(s.found)
		err = e.placedForAll(s, s.found)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// placedForAll aligns the faces for each model.
func (e *Embedder) placedForAll(s *sight, found []face.Detection) error {
	for _, m := range e.models {
		cut, err := e.placed(s.picture, found, m)
		if err != nil {
			return err
		}
		s.cut = append(s.cut, cut)
	}
	return nil
}

// some cuts out the faces from one on to before another, for one model.
func (s *sight) some(model, from, to int) ([]cut, error) {
	cuts := make([]cut, 0, to-from)
	for i := from; i < to; i++ {
		c, err := s.cut[model](i)
		if err != nil {
			return nil, errors.Join(err, closeCuts(cuts))
		}
		c.live = s.liveness(i)
		cuts = append(cuts, c)
	}
	return cuts, nil
}

func closeCuts(cuts []cut) error {
	var errs []error
	for _, c := range cuts {
		errs = append(errs, c.crop.Close())
	}
	return errors.Join(errs...)
}
