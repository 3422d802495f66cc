package quality

import (
	"errors"
	"image"
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
)

// height is that of ArcFace's aligned crop, 112x112 pixels, on which sharpness
// is measured whatever the size of the photograph or of the recogniser's input.
const height = 112

// widest bounds how wide a crop gets that is nothing like a face.
const widest = 8 * height

// window is the part of such a crop that shows the face from the brows to the
// chin (align.ArcFace has the eyes at y 52 and x 38 and 74, the mouth at y 92).
// The background, often sharper than the face, hair, and the black beyond the
// photograph's border stay out.
var window = image.Rect(24, 32, 88, 104)

// reach is how far to each side the blur goes that a crop is compared with: nine
// pixels, as in the paper below.
const reach = 4

// rounding is the difference between neighbouring pixels, in grey levels, that
// rounding makes of a slope that is flatter. Without this allowance a blurred
// face of little contrast, all flat slopes, would count as sharp.
const rounding = 1

// Sharpness is how much a further blur would change an aligned crop, from 0 for
// one that is blurred already, or blank, to 1.
//
// It is 1 less the blur metric of Crété-Roffet, Dolmiere, Ladret and Nicolas, The
// blur effect: perception and estimation with a new no-reference perceptual blur
// metric (SPIE 6492, 2007), which is the share of the differences between
// neighbouring pixels that outlasts a blur, in the worse of the two directions.
// But for rounding, differences of which do not count, it does not change with
// exposure and contrast, so that a face in the dark is not taken for a blurred one,
// as by the variance of the Laplacian. Noise counts as detail.
//
// A face that was enlarged to the crop counts as blurred by as much: it has no
// more detail to be recognised by. Faces in focus have about 0.4 to 0.8.
func Sharpness(crop *cv.Image) (_ float64, err error) {
	width := min(max(1, crop.Width()*height/crop.Height()), widest)
	how := cv.Area
	if crop.Height() < height {
		how = cv.Bilinear // Area would leave steps, which look like detail
	}
	scaled, err := crop.Resize(width, height, how)
	if err != nil {
		return 0, err
	}
	grey := scaled.Grey()
	defer func() { err = errors.Join(err, grey.Close(), scaled.Close()) }()
	pixels, err := grey.Pixels()
	if err != nil {
		return 0, err
	}
	within := window.Add(image.Pt((width-height)/2, 0)).Intersect(grey.Bounds().Inset(reach + 1))
	return min(detail(pixels, width, 1, within), detail(pixels, width, width, within)), nil
}

// detail is Sharpness in the direction in which pixels lie step bytes apart, of a
// part of a grey picture that lies more than reach pixels from its borders.
func detail(pixels []byte, width, step int, within image.Rectangle) float64 {
	level := func(i int) float64 { return float64(pixels[i]) }
	all, lost := 0.0, 0.0
	for y := within.Min.Y; y < within.Max.Y; y++ {
		for i := y*width + within.Min.X; i < y*width+within.Max.X; i++ {
			difference := math.Abs(level(i) - level(i-step))
			// Two neighbouring means differ by the pixels at their far ends alone.
			blurred := math.Abs(level(i+reach*step)-level(i-(reach+1)*step)) / (2*reach + 1)
			all += difference
			lost += max(0, difference-blurred-rounding)
		}
	}
	if all == 0 {
		return 0
	}
	return lost / all
}
