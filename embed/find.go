package embed

import (
	"context"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// Detect finds the faces of an encoded photograph, in its pixels as displayed,
// and tells its size. Errors are those of Embed.
func (e *Embedder) Detect(ctx context.Context, data []byte, which face.Choice) (_ []face.Detection, width, height int, err error) {
	p, err := e.decodeFor(data, forDetection)
	if err != nil {
		return nil, 0, 0, err
	}
	defer p.Close()
	found, err := e.find(ctx, p, which)
	return found, p.width, p.height, err
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
	return found, nil
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
