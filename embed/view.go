package embed

import (
	"context"
	"errors"
	"image"
	"slices"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/internal/face"
)

// view is a photograph with the faces that were found in it, all of its pixels
// decoded: what networks of liveness look for is lost in a reduced one.
type view struct {
	picture       *picture
	width, height int             // of the photograph, in pixels, as displayed
	frame         image.Rectangle // where it lies in the picture
	turned        bool            // faces are turned as DeepFace does
	found         []face.Detection
}

// viewed is a face with the view in which it was found.
type viewed struct {
	in *view
	at face.Detection
}

// faces are all that were found.
func (v *view) faces() []viewed {
	out := make([]viewed, len(v.found))
	for i, d := range v.found {
		out[i] = viewed{v, d}
	}
	return out
}

// view finds the faces of a photograph. Errors are those of Embed.
func (e *Embedder) view(ctx context.Context, data []byte, which face.Choice) (*view, error) {
	defer e.timed(StageDetect)()
	p, err := e.decode(data, whole)
	if err != nil {
		return nil, err
	}
	v := &view{picture: p, width: p.width, height: p.height}
	if v.frame, v.turned, err = e.bordered(p); err == nil {
		v.found, err = e.find(ctx, p, which)
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return v, nil
}

// faceOf prepares one face, in DeepFace's crop too where that is wanted, and returns
// its detection in the picture. DeepFace's box is in whole pixels, and grown where the
// Config says so.
func (e *Embedder) faceOf(v *view, d face.Detection, turned bool) (classify.Face, face.Detection, error) {
	f := classify.Face{Picture: v.picture.image, Frame: v.frame, Box: d.Box}
	if !turned && !e.deepface() {
		return f, d, nil
	}
	own := d
	own.Landmarks = slices.Clone(d.Landmarks)
	c, err := e.cutBox(v.picture, own, v.turned || !e.deepface() && !e.crop.Unaligned)
	if err != nil {
		return f, d, err
	}
	f.Turned = c.crop
	if e.deepface() {
		d, f.Box = c.detection, c.detection.Box
	}
	return f, d, nil
}
