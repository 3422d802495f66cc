package embed

import (
	"cmp"
	"context"
	"image"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// Detect finds the faces of an encoded photograph, in its pixels as displayed,
// and tells its size. Errors are those of Embed.
func (e *Embedder) Detect(ctx context.Context, data []byte, which face.Choice) (_ []face.Detection, width, height int, err error) {
	mine := turn{of: e.turns}
	if err := mine.take(ctx); err != nil {
		return nil, 0, 0, err
	}
	defer mine.giveBack()
	p, err := e.decodeFor(data, forDetection)
	if err != nil {
		return nil, 0, 0, err
	}
	defer p.Close()
	found, err := e.find(ctx, p, which)
	return found, p.width, p.height, err
}

// findOrTake is find, but for an Embedder that takes the photograph itself, which
// lies in the given part of the picture, for a face where there is none.
func (e *Embedder) findOrTake(ctx context.Context, p *picture, which face.Choice, photo image.Rectangle) ([]face.Detection, error) {
	found, err := e.find(ctx, p, which)
	if face.CodeOf(err) != face.NoFace || !e.anyway {
		return found, err
	}
	p.whole = true
	return []face.Detection{{Box: face.Box{
		X1: float32(photo.Min.X), Y1: float32(photo.Min.Y), X2: float32(photo.Max.X), Y2: float32(photo.Max.Y),
	}}}, nil
}

// find detects and chooses. It never returns an empty list without an error.
func (e *Embedder) find(ctx context.Context, p *picture, which face.Choice) ([]face.Detection, error) {
	found, err := e.detector.Detect(ctx, p.image)
	if err != nil {
		return nil, internal(ctx, err, "detect faces with "+e.detectorName)
	}
	found = slices.DeleteFunc(found, func(d face.Detection) bool { // what lies in the black around the photograph
		return d.Box.Clip(p.image.Width(), p.image.Height()).Area() == 0
	})
	if len(found) == 0 {
		return nil, face.Errorf(face.NoFace, "%s finds no face in the photograph of %dx%d pixels", e.detectorName, p.width, p.height)
	}
	for i, d := range found {
		found[i] = p.enlarge(d)
	}
	if which == face.Prominent {
		found = []face.Detection{found[face.MostProminent(found, p.width, p.height)]}
	}
	return e.largest(found), nil
}

// largest keeps the faces with the largest boxes, in their order, if there are
// too many.
func (e *Embedder) largest(found []face.Detection) []face.Detection {
	if e.maxFaces == 0 || len(found) <= e.maxFaces {
		return found
	}
	bySize := slices.Clone(found)
	slices.SortStableFunc(bySize, func(a, b face.Detection) int { return cmp.Compare(b.Box.Area(), a.Box.Area()) })
	least := bySize[e.maxFaces-1].Box.Area()
	kept := found[:0]
	for _, d := range found {
		if d.Box.Area() >= least && len(kept) < e.maxFaces {
			kept = append(kept, d)
		}
	}
	return kept
}

// internal says what failed, unless it is the photograph's own fault.
func internal(ctx context.Context, err error, what string) error {
	switch {
	case ctx.Err() != nil:
		return face.Wrap(face.Cancelled, err, "%s", what)
	case face.CodeOf(err) == face.NoFace:
		return err
	}
	return face.Wrap(face.Internal, err, "%s", what)
}
