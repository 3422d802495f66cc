package embed

import (
	"context"
	"errors"
	"slices"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// look finds the faces of a photograph and, where that is asked, says whether they are
// live. Errors are those of Embed.
func (e *Embedder) look(ctx context.Context, data []byte, which face.Choice) (*sight, error) {
	if e.tells {
		if err := e.answers(Asked{Liveness: true}); err != nil {
			return nil, err
		}
	}
	s, err := e.lookForFaces(ctx, data, which)
	if err != nil || !e.tells {
		return s, err
	}
	if s.live, err = e.tell(ctx, s); err != nil {
		return nil, errors.Join(internal(ctx, err, "tell live faces from pictures of faces"), s.Close())
	}
	return s, nil
}

// tell says of the faces that were found whether they are live. The networks see all
// of the photograph's pixels, of which the templates may be cut from fewer: they are
// the same whether this is asked or not.
func (e *Embedder) tell(ctx context.Context, s *sight) (live []face.Liveness, err error) {
	defer e.timed(StageLiveness)()
	picture := s.picture.image
	if s.picture.reduction > 1 {
		if picture, err = s.picture.source.Decode(e.pool, 1); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, picture.Close()) }()
	}
	for some := range slices.Chunk(s.found, chunk) {
		said, err := e.liveness.Check(ctx, e.facesIn(picture, s, some))
		if err != nil {
			return nil, err
		}
		live = append(live, said...)
	}
	return live, nil
}

// facesIn are detections as the networks of liveness are given them. DeepFace gives
// its own box, in whole pixels.
func (e *Embedder) facesIn(picture *cv.Image, s *sight, found []face.Detection) []classify.Face {
	faces := make([]classify.Face, len(found))
	for i, d := range found {
		if e.deepface() {
			d.Box = boxIn(e.boxOf(s.picture, d))
		}
		faces[i] = classify.Face{Picture: picture, Frame: s.frame, Box: d.Box}
	}
	return faces
}

// liveness is what was said of one of the faces; nil where nobody asked.
func (s *sight) liveness(i int) *face.Liveness {
	if s.live == nil {
		return nil
	}
	return &s.live[i]
}
