package align

import (
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Letterbox fits the picture into width x height pixels, keeping its aspect, as
// DeepFace's resize_image does: scaled bilinearly by the smaller of the two
// factors, its sides rounded down, in the middle of black; where an odd number
// of pixels is left over, the right and the bottom get the larger half. DeepFace
// scales after it has divided pixels by 255, as floating point numbers; here
// they are bytes, and differ from that by less than one grey level. A picture so
// narrow that nothing is left of one side, and sides outside 1 to 32766, are
// face.Invalid. The caller closes the result.
func Letterbox(photo *cv.Image, width, height int) (*cv.Image, error) {
	inside := letterboxed(photo, width, height)
	inner, err := Stretch(photo, inside.Dx(), inside.Dy())
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "fit %dx%d pixels into %dx%d", photo.Width(), photo.Height(), width, height)
	}
	defer inner.Close()
	return inner.Window(image.Rect(0, 0, width, height).Sub(inside.Min))
}

// LetterboxFractions is Letterbox in the numbers of DeepFace: 0 to 1, scaled as
// such. They come by rows, columns and channels, blue, green, red. Errors are
// those of Letterbox.
func LetterboxFractions(photo *cv.Image, width, height int) ([]float32, error) {
	inside := letterboxed(photo, width, height)
	inner, err := photo.Fractions(inside.Dx(), inside.Dy())
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "fit %dx%d pixels into %dx%d", photo.Width(), photo.Height(), width, height)
	}
	out := make([]float32, 3*width*height)
	row := 3 * inside.Dx()
	for y := range inside.Dy() {
		copy(out[3*((inside.Min.Y+y)*width+inside.Min.X):], inner[y*row:(y+1)*row])
	}
	return out, nil
}

// letterboxed is where the picture lies in one of width x height pixels. The
// factor and the product are rounded each for itself, as in DeepFace: a side
// may come out one pixel shorter than the exact quotient.
func letterboxed(photo *cv.Image, width, height int) image.Rectangle {
	factor := min(float64(height)/float64(photo.Height()), float64(width)/float64(photo.Width()))
	w, h := int(float64(photo.Width())*factor), int(float64(photo.Height())*factor)
	at := image.Pt((width-w)/2, (height-h)/2)
	return image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}
}

// Stretch scales the picture bilinearly to width x height pixels, whatever its
// aspect. Sides outside 1 to 32766 are face.Invalid. The caller closes the
// result.
func Stretch(photo *cv.Image, width, height int) (*cv.Image, error) {
	out, err := photo.Resize(width, height, cv.Bilinear)
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "scale a picture")
	}
	return out, nil
}
