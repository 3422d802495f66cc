package embed

import (
	"context"
	"errors"
	"image"
	"slices"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// border is the share of its width and height that DeepFace puts in black on
// each side of a photograph before it detects and aligns.
const border = 0.5

// lookForBoxes finds faces that are cut out in the size of their boxes: as they
// are, or, in DeepFace's profile, turned so that the eyes are level (deepface/
// modules/detection.py, extract_faces).
func (e *Embedder) lookForBoxes(ctx context.Context, data []byte, which face.Choice) (_ *sight, err error) {
	p, err := e.decode(data, whole)
	if err != nil {
		return nil, err
	}
	s := &sight{picture: p, width: p.width, height: p.height}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	frame, turned, err := e.bordered(p)
	if err != nil {
		return nil, err
	}
	found, err := e.findOrTake(ctx, p, which, frame)
	if err != nil {
		return nil, err
	}
	s.faces, s.found, s.frame = len(found), found, frame
	for range e.models { // to all of which the same is given
		s.cut = append(s.cut, func(i int) (cut, error) {
			d := found[i]
			d.Landmarks = slices.Clone(d.Landmarks)
			c, err := e.cutBox(p, d, turned)
			c.detection = shifted(c.detection, -frame.Min.X, -frame.Min.Y)
			return c, err
		})
	}
	return s, nil
}

// bordered puts DeepFace's border around a photograph whose faces are turned, says
// whether they are, and where the photograph lies in the picture then.
func (e *Embedder) bordered(p *picture) (frame image.Rectangle, turned bool, err error) {
	frame = image.Rect(0, 0, p.width, p.height)
	if !e.deepface() || e.crop.Unaligned || p.whole {
		return frame, false, nil
	}
	if 4*int64(p.width)*int64(p.height) > e.limits.Pixels {
		return frame, true, face.Errorf(face.TooLarge, "photograph of %dx%d pixels: with DeepFace's border it has four times as many, at most %d are handled",
			p.width, p.height, e.limits.Pixels)
	}
	frame = frame.Add(image.Pt(int(border*float64(p.width)), int(border*float64(p.height))))
	return frame, true, p.padded(border)
}

// cutBox cuts one face out. Coordinates are whole pixels, fractions cut off, as
// DeepFace has them. A whole photograph is neither grown nor turned.
func (e *Embedder) cutBox(p *picture, d face.Detection, turned bool) (_ cut, err error) {
	photo := p.image
	box := e.boxOf(p, d)
	if p.whole {
		crop, err := photo.Crop(box)
		return cut{detection: d, crop: crop}, err
	}
	d.Box = boxIn(box)
	for i, p := range d.Landmarks {
		d.Landmarks[i] = face.Point{X: float32(int(p.X)), Y: float32(int(p.Y))}
	}
	if _, _, ok := d.Landmarks.Eyes(); !ok && e.eyes != nil {
		if d.Landmarks, err = e.eyes.Largest(photo, box); err != nil {
			return cut{}, err
		}
	}
	var crop *cv.Image
	if turned {
		crop, err = align.Rotate(photo, box, d.Landmarks)
	} else {
		crop, err = photo.Crop(box)
	}
	return cut{detection: d, crop: crop}, err
}

// boxOf is a detection's box in whole pixels, grown where the Config says so. That of
// a whole photograph is not grown.
func (e *Embedder) boxOf(p *picture, d face.Detection) image.Rectangle {
	box := image.Rect(int(d.Box.X1), int(d.Box.Y1), int(d.Box.X1)+int(d.Box.Width()), int(d.Box.Y1)+int(d.Box.Height()))
	if p.whole {
		return box
	}
	return align.Expand(box, e.crop.Expand, p.image.Width(), p.image.Height())
}

func boxIn(r image.Rectangle) face.Box {
	return face.Box{X1: float32(r.Min.X), Y1: float32(r.Min.Y), X2: float32(r.Max.X), Y2: float32(r.Max.Y)}
}

func shifted(d face.Detection, x, y int) face.Detection {
	dx, dy := float32(x), float32(y)
	d.Box = face.Box{X1: d.Box.X1 + dx, Y1: d.Box.Y1 + dy, X2: d.Box.X2 + dx, Y2: d.Box.Y2 + dy}
	for i, p := range d.Landmarks {
		d.Landmarks[i] = face.Point{X: p.X + dx, Y: p.Y + dy}
	}
	return d
}
