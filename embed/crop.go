package embed

import (
	"context"
	"errors"
	"image"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/internal/face"
)

// vector is the template's vector of one detection: aligned, recognised, of
// length 1.
func (e *Embedder) vector(ctx context.Context, picture *cv.Image, found face.Detection) (_ []float32, err error) {
	aligned, err := align.Face(picture, found)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, aligned.Close()) }()
	vector, err := e.recognizer.Recognize(ctx, aligned)
	if err != nil {
		return nil, err
	}
	return vector, recognize.Unit(vector)
}

// Crop is one face cut out of a photograph and aligned.
type Crop struct {
	Detection face.Detection
	PNG       []byte // align.Side pixels a side
}

// Extract finds the faces of an encoded photograph and cuts them out, aligned
// as for recognition. It also tells the photograph's size in pixels, as
// displayed. Errors are those of Embed.
func (e *Embedder) Extract(ctx context.Context, data []byte, which face.Choice) ([]Crop, image.Point, error) {
	picture, err := e.decode(data)
	if err != nil {
		return nil, image.Point{}, err
	}
	defer picture.Close()
	found, err := e.find(ctx, picture, which)
	if err != nil {
		return nil, image.Point{}, err
	}
	crops := make([]Crop, len(found))
	for i, d := range found {
		png, err := cropPNG(picture, d)
		if err != nil {
			return nil, image.Point{}, internal(ctx, err, "cut out a face")
		}
		crops[i] = Crop{d, png}
	}
	return crops, image.Pt(picture.Width(), picture.Height()), nil
}

func cropPNG(picture *cv.Image, found face.Detection) (_ []byte, err error) {
	aligned, err := align.Face(picture, found)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, aligned.Close()) }()
	return aligned.PNG()
}

// Picture decodes a photograph under the Embedder's limits, turned as its EXIF
// orientation says, for drawing on. Errors are those of Embed.
func (e *Embedder) Picture(data []byte) (*image.RGBA, error) {
	picture, err := e.decode(data)
	if err != nil {
		return nil, err
	}
	defer picture.Close()
	return picture.RGBA()
}
