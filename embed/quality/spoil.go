package quality

import (
	"errors"
	"image"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

const (
	// spoiltSide is the side in pixels to which larger faces are brought first, so that a
	// harm does the same to all.
	spoiltSide = 150
	// around is the side of what is kept around the face, in sides of its box.
	around = 3
)

// The worst of each harm.
const (
	worstBlur  = 0.06 // standard deviation, as a share of the face's side
	worstSide  = 10   // pixels
	worstLight = 0.02 // share of the light that is left
	worstTurn  = 90.  // degrees
)

// Spoil cuts a face with its surroundings out of a photograph, up to 450 pixels
// square, and does it a harm of a strength s in [0,1]:
//
//   - Blur smooths it with a Gaussian whose standard deviation is 0.06 s of the face's side;
//   - Downscale reduces it until the face has 10 pixels a side, for s = 1, and 150
//     for s = 0, in even steps of the logarithm;
//   - Darken leaves 1 to 0.02 of each grey level, likewise, and rounds it;
//   - Turn turns it clockwise about the face's middle, by 90 s degrees.
//
// The caller closes the result. What is out of range, and a box outside the photograph,
// is face.Invalid.
func Spoil(photo *cv.Image, box face.Box, harm face.Harm) (_ *cv.Image, err error) {
	if !(harm.Strength >= 0 && harm.Strength <= 1) {
		return nil, face.Errorf(face.Invalid, "%s of strength %g: it lies in 0 to 1", harm.Kind, harm.Strength)
	}
	cut, err := surroundings(photo, box)
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "cut out the face at %v", box)
	}
	defer func() { err = errors.Join(err, cut.Close()) }()
	side := float64(cut.Width()) / around
	part := func(worst float64) float64 { return math.Pow(worst, harm.Strength) }
	switch harm.Kind {
	case face.Blur:
		return cut.Blur(max(1e-3, worstBlur*harm.Strength*side)), nil
	case face.Downscale:
		return cut.Scale(min(1, part(worstSide/float64(spoiltSide))*spoiltSide/side), cv.Area)
	case face.Darken:
		return cut.Dim(part(worstLight)), nil
	case face.Turn:
		return turned(cut, worstTurn*harm.Strength)
	}
	return nil, face.Errorf(face.Invalid, "unknown harm %q: use one of %v", harm.Kind, face.Harms())
}

// surroundings cuts a face out with what is around it, black beyond the photograph's
// border, and reduces it to spoiltSide. The face lies in the middle.
func surroundings(photo *cv.Image, box face.Box) (_ *cv.Image, err error) {
	half := int(around * max(box.Width(), box.Height()) / 2)
	middle := image.Pt(int(box.Centre().X), int(box.Centre().Y))
	cut, err := photo.Window(image.Rectangle{Min: middle.Sub(image.Pt(half, half)), Max: middle.Add(image.Pt(half, half))})
	if err != nil || half <= around*spoiltSide/2 {
		return cut, err
	}
	defer func() { err = errors.Join(err, cut.Close()) }()
	return cut.Scale(around*spoiltSide/float64(2*half), cv.Area)
}

// turned turns a picture clockwise about its middle.
func turned(m *cv.Image, degrees float64) (*cv.Image, error) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	x, y := float64(m.Width()-1)/2, float64(m.Height()-1)/2
	return m.Warp(cv.Affine{A: cos, B: -sin, C: x - cos*x + sin*y, D: sin, E: cos, F: y - sin*x - cos*y}, m.Width(), m.Height())
}
