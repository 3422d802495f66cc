package recognize

import (
	"fmt"
	"math"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// Normalization is one of DeepFace's ways of scaling a picture for a network
// (deepface/modules/preprocessing.py, normalize_input). It does not depend on
// the network.
type Normalization string

// The normalisations of x, which lies in 0 to 1.
const (
	Base        Normalization = "base"        // x
	Raw         Normalization = "raw"         // 255 x
	Facenet     Normalization = "Facenet"     // 255 x less its mean over the picture, over its deviation
	Facenet2018 Normalization = "Facenet2018" // 255 x / 127.5 - 1
	VGGFace     Normalization = "VGGFace"     // 255 x less a mean of each channel
	VGGFace2    Normalization = "VGGFace2"    // the same with other means
	ArcFace     Normalization = "ArcFace"     // (255 x - 127.5) / 128
)

var normalizations = [...]Normalization{Base, Raw, Facenet, Facenet2018, VGGFace, VGGFace2, ArcFace}

// The means that VGGFace and VGGFace2 subtract, by the place of the channel,
// blue, green, red.
var (
	vggFaceMean  = [3]float32{93.5940, 104.7624, 129.1863}
	vggFace2Mean = [3]float32{91.4953, 103.8827, 131.0912}
)

// Check returns face.Invalid for a normalisation that DeepFace has not.
func (n Normalization) Check() error {
	if slices.Contains(normalizations[:], n) {
		return nil
	}
	return face.Errorf(face.Invalid, "unknown normalization %q: choose one of %s", n, fmt.Sprint(normalizations[:]))
}

// apply normalises a letterboxed picture, its black margin included, in place.
func (n Normalization) apply(values []float32) {
	if n == Base {
		return
	}
	for i := range values {
		values[i] *= 255
	}
	switch n {
	case Facenet:
		standardize(values)
	case Facenet2018:
		each(values, func(_ int, x float32) float32 { return x/127.5 - 1 })
	case VGGFace:
		each(values, func(c int, x float32) float32 { return x - vggFaceMean[c] })
	case VGGFace2:
		each(values, func(c int, x float32) float32 { return x - vggFace2Mean[c] })
	case ArcFace:
		each(values, func(_ int, x float32) float32 { return (x - 127.5) / 128 })
	}
}

func each(values []float32, change func(channel int, x float32) float32) {
	for i, x := range values {
		values[i] = change(i%3, x)
	}
}

// standardize subtracts the mean of all values and divides by their (population)
// standard deviation. A picture of one colour, of which DeepFace makes numbers
// that are none, becomes zeros.
func standardize(values []float32) {
	var sum, square float64
	for _, x := range values {
		sum += float64(x)
	}
	mean := sum / float64(len(values))
	for _, x := range values {
		square += (float64(x) - mean) * (float64(x) - mean)
	}
	deviation := math.Sqrt(square / float64(len(values)))
	if deviation == 0 {
		deviation = 1
	}
	for i, x := range values {
		values[i] = float32((float64(x) - mean) / deviation)
	}
}
