package embed

import (
	"context"
	"errors"
	"image"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// border is the share of its width and height that DeepFace puts in black on
// each side of a photograph before it detects and aligns.
const border = 0.5

// extractBoxes cuts faces out in the size of their boxes: as they are, or, in
// DeepFace's profile, turned so that the eyes are level (deepface/modules/
// detection.py, extract_faces).
func (e *Embedder) extractBoxes(ctx context.Context, data []byte, which face.Choice) (_ []Extracted, width, height int, err error) {
	p, err := e.decode(data, whole)
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	width, height = p.width, p.height
	var corner image.Point // of the photograph in the picture
	turned := e.deepface && !e.crop.Unaligned
	if turned {
		if 4*int64(width)*int64(height) > e.limits.Pixels {
			return nil, 0, 0, face.Errorf(face.TooLarge, "photograph of %dx%d pixels: with DeepFace's border it has four times as many, at most %d are handled",
				width, height, e.limits.Pixels)
		}
		corner = image.Pt(int(border*float64(width)), int(border*float64(height)))
		if err := p.padded(border); err != nil {
			return nil, 0, 0, err
		}
	}
	found, err := e.find(ctx, p, which)
	if err != nil {
		return nil, 0, 0, err
	}
	out := make([]Extracted, len(found))
	for i, d := range found {
		if out[i], err = e.extractBox(p.image, d, turned); err != nil {
			return nil, 0, 0, internal(ctx, err, "cut out a face")
		}
		out[i].Detection = shifted(out[i].Detection, -corner.X, -corner.Y)
	}
	return out, width, height, nil
}

// extractBox cuts one face out. Coordinates are whole pixels, fractions cut
// off, as DeepFace has them.
func (e *Embedder) extractBox(photo *cv.Image, d face.Detection, turned bool) (_ Extracted, err error) {
	box := image.Rect(int(d.Box.X1), int(d.Box.Y1), int(d.Box.X1)+int(d.Box.Width()), int(d.Box.Y1)+int(d.Box.Height()))
	box = align.Expand(box, e.crop.Expand, photo.Width(), photo.Height())
	d.Box = face.Box{X1: float32(box.Min.X), Y1: float32(box.Min.Y), X2: float32(box.Max.X), Y2: float32(box.Max.Y)}
	for i, p := range d.Landmarks {
		d.Landmarks[i] = face.Point{X: float32(int(p.X)), Y: float32(int(p.Y))}
	}
	if _, _, ok := d.Landmarks.Eyes(); !ok && e.eyes != nil {
		if d.Landmarks, err = e.eyes.Largest(photo, box); err != nil {
			return Extracted{}, err
		}
	}
	var crop *cv.Image
	if turned {
		crop, err = align.Rotate(photo, box, d.Landmarks)
	} else {
		crop, err = photo.Crop(box)
	}
	if err != nil {
		return Extracted{}, err
	}
	defer func() { err = errors.Join(err, crop.Close()) }()
	png, err := crop.PNG()
	return Extracted{Detection: d, PNG: png}, err
}

func shifted(d face.Detection, x, y int) face.Detection {
	dx, dy := float32(x), float32(y)
	d.Box = face.Box{X1: d.Box.X1 + dx, Y1: d.Box.Y1 + dy, X2: d.Box.X2 + dx, Y2: d.Box.Y2 + dy}
	for i, p := range d.Landmarks {
		d.Landmarks[i] = face.Point{X: p.X + dx, Y: p.Y + dy}
	}
	return d
}
