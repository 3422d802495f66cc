package embed

import (
	"fmt"
	"strings"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// Config says what an Embedder is made of.
type Config struct {
	// Store finds the weights. Required.
	Store *registry.Store
	// Detector is a detector's name, or the name of one of its files. Defaults
	// to Auto.
	Detector string
	// Recognizer is a recogniser's name, or NoRecognizer. Defaults to the best
	// that is installed.
	Recognizer string
	// OrtLib is the path of ONNX Runtime's shared library. It is not needed by
	// the built-in models.
	OrtLib string
	// Cascades is the folder of OpenCV's Haar cascades. Defaults to
	// /usr/share/opencv4/haarcascades, where Debian has them.
	Cascades string
	// MaxBytes of an encoded photograph. Defaults to 64 MiB.
	MaxBytes int64
	// MaxPixels of a photograph, checked before it is decoded. Defaults to 100
	// million, 300 MB of memory.
	MaxPixels int64
	// Pad is how much black is put around each photograph before detection, as
	// a share of its width and height on each side, up to 2. Boxes are then in
	// the pixels of the padded picture. Defaults to none.
	Pad float64
	// Options are the detector's: input size, least confidence, and the profile,
	// which is also that of the crops.
	Options detect.Options
	// Passes says how often a photograph is looked at. Defaults to again where
	// nothing is found; the profile face.DeepFace looks once.
	Passes detect.Passes
	// Crop says how Extract cuts faces out.
	Crop Crop
	// Measured makes the Embedder one for Measure, which must not be used by
	// several goroutines at once. Defaults to not.
	Measured bool
}

// Crop says how Extract cuts faces out where they are not aligned by
// landmarks. Recognition does not depend on it.
type Crop struct {
	// Unaligned cuts out the detector's box as it is.
	Unaligned bool
	// Expand grows the box by so many percent of its width and height. It needs
	// Unaligned or the profile face.DeepFace.
	Expand int
}

// Auto stands for the best detector that is installed.
const Auto = "auto"

// NoRecognizer opens an Embedder that can Extract but not Embed.
const NoRecognizer = "none"

func (c Config) withDefaults() Config {
	if c.Detector == "" {
		c.Detector = Auto
	}
	if c.Cascades == "" {
		c.Cascades = "/usr/share/opencv4/haarcascades"
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	if c.MaxPixels == 0 {
		c.MaxPixels = 100_000_000
	}
	if c.Options.Profile == "" {
		c.Options.Profile = face.Native
	}
	if c.Options.Profile == face.DeepFace {
		c.Passes.Once = true
	}
	return c
}

func (c Config) validate() error {
	deepface := c.Options.Profile == face.DeepFace
	switch {
	case !(c.Pad >= 0 && c.Pad <= 2):
		return face.Errorf(face.Invalid, "padding by %g of a photograph's size: use 0 to 2", c.Pad)
	case c.Crop.Expand < 0 || c.Crop.Expand > 1000:
		return face.Errorf(face.Invalid, "boxes expanded by %d percent: use 0 to 1000", c.Crop.Expand)
	case c.Crop.Expand > 0 && !c.Crop.Unaligned && !deepface:
		return face.Errorf(face.Invalid, "boxes can be expanded where faces are not aligned, or in the profile %s", face.DeepFace)
	case deepface && c.Recognizer != NoRecognizer:
		return face.Errorf(face.Invalid, "the profile %s cuts faces out; recognition knows %s only", face.DeepFace, face.Native)
	}
	return nil
}

// settings are those of detection that are not the detector's own.
func (c Config) settings() string {
	var b strings.Builder
	if c.Options.Side > 0 {
		fmt.Fprintf(&b, "@%d", c.Options.Side)
	}
	if c.Options.Confidence > 0 {
		fmt.Fprintf(&b, ">%g", c.Options.Confidence)
	}
	if c.Passes.Thorough {
		b.WriteString("+thorough")
	}
	if c.Passes.Turned {
		b.WriteString("+turned")
	}
	return b.String()
}
