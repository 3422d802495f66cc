package quality

import (
	"image"
	"math"
)

// reach is how far to each side the blur goes that a crop is compared with: nine
// pixels, as in the paper below.
const reach = 4

// rounding is the difference between neighbouring pixels, in grey levels, that
// rounding makes of a slope that is flatter. Without this allowance a blurred
// face of little contrast, all flat slopes, would count as sharp.
const rounding = 1

// sharpness is how much a further blur would change an aligned crop, from 0 for
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
func (s seen) sharpness() float64 {
	within := s.within.Intersect(s.bounds().Inset(reach + 1))
	return min(detail(s.pixels, s.width, 1, within), detail(s.pixels, s.width, s.width, within))
}

// detail is sharpness in the direction in which pixels lie step bytes apart, of a
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
