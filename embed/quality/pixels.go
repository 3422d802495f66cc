package quality

import (
	"errors"
	"image"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/cv"
)

// height is that of ArcFace's aligned crop, 112x112 pixels, on which pixels are
// measured whatever the size of the photograph or of the recogniser's input.
const height = align.Side

// widest bounds how wide a crop gets that is nothing like a face.
const widest = 8 * height

// window is the part of such a crop that shows the face from the brows to the
// chin (align.ArcFace has the eyes at y 52 and x 38 and 74, the mouth at y 92).
// The background, often sharper than the face, hair, and the black beyond the
// photograph's border stay out.
var window = image.Rect(24, 32, 88, 104)

// Pixels are the measures of an aligned crop: those of face.Measures of the same
// names.
type Pixels struct{ Sharpness, Brightness, Contrast float64 }

// Measure measures the middle of an aligned crop.
func Measure(crop *cv.Image) (_ Pixels, err error) {
	width := min(max(1, crop.Width()*height/crop.Height()), widest)
	how := cv.Area
	if crop.Height() < height {
		how = cv.Bilinear // Area would leave steps, which look like detail
	}
	scaled, err := crop.Resize(width, height, how)
	if err != nil {
		return Pixels{}, err
	}
	grey := scaled.Grey()
	defer func() { err = errors.Join(err, grey.Close(), scaled.Close()) }()
	pixels, err := grey.Pixels()
	if err != nil {
		return Pixels{}, err
	}
	s := seen{pixels: pixels, width: width, within: window.Add(image.Pt((width-height)/2, 0)).Intersect(grey.Bounds())}
	brightness, contrast := s.light()
	return Pixels{Sharpness: s.sharpness(), Brightness: brightness, Contrast: contrast}, nil
}

// seen is the luminance of a crop (ITU-R BT.601), row by row, and the part of it
// that counts.
type seen struct {
	pixels []byte
	width  int
	within image.Rectangle
}

func (s seen) bounds() image.Rectangle { return image.Rect(0, 0, s.width, height) }
