package embed

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/recognize"
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
	// Also are further recognisers, for EmbedIn. Their faces are prepared in the
	// same profile. Defaults to none.
	Also []string
	// Normalization is how the profile face.DeepFace scales a face's pixels for
	// the recogniser. Defaults to recognize.Base.
	Normalization recognize.Normalization
	// MaxFaces keeps the faces with the largest boxes of each photograph, so
	// many. Defaults to all.
	MaxFaces int
	// Anyway takes a whole photograph for one face, of confidence 0, where none is
	// found. Defaults to face.NoFace.
	Anyway bool
	// Attributes are those that Analyze can be asked for. Defaults to none.
	Attributes []face.Attribute
	// AttributeModels are the names of the models to use for those of the Attributes
	// that they estimate. Defaults to the best that are installed.
	AttributeModels []string
	// Landmarks is the name of the model that finds more points in the faces that Extract
	// cuts out, or Auto. Defaults to none.
	Landmarks string
	// Liveness is the name of the model that tells live faces from pictures of faces,
	// or Auto. Defaults to none.
	Liveness string
	// Device runs the networks: cpu, cuda or cuda:N. What is asked of a graphics
	// card is never computed elsewhere: networks of dlib and Caffe are refused
	// there, and so are models none of which is a network. Defaults to cpu.
	Device string
	// Workers is how many photographs are decoded and looked at, or batches of
	// faces recognised, at once. Defaults to the number of processors that Go may
	// use.
	Workers int
	// Batch is how many faces go into one run of the recogniser at most, where
	// its graph leaves that open. Defaults to recognize.Config's.
	Batch int
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
	// which is also that of the crops and of the recogniser. The profile defaults
	// to the recogniser's own, registry.Recognition.Profile.
	Options detect.Options
	// Passes says how often a photograph is looked at. Defaults to again where
	// nothing is found; the profile face.DeepFace looks once.
	Passes detect.Passes
	// Crop says how faces are cut out that are not aligned by landmarks.
	Crop Crop
	// Observer is told what the Embedder does. Defaults to none.
	Observer Observer
	// Measured makes the Embedder one for Measure, MeasureCrops and MeasureAttributes,
	// which must not be used by several goroutines at once. Defaults to not.
	Measured bool

	device ort.Device
}

// Crop says how faces are cut out where they are not aligned by landmarks: by
// Extract, and in the profile face.DeepFace.
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

func (c Config) withDefaults(recogniser registry.Entry) Config {
	if c.Detector == "" {
		c.Detector = Auto
	}
	if c.Observer == nil {
		c.Observer = unobserved{}
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
		if r := recogniser.Recognition; r != nil {
			c.Options.Profile = r.Profile()
		}
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.Normalization == "" {
		c.Normalization = recognize.Base
	}
	if c.Options.Profile == face.DeepFace {
		c.Passes.Once = true
	}
	return c
}

// settled is a Config with its defaults, if it can be one for the recognisers.
// What the first one's profile is by default is that of all.
func (c Config) settled(recognisers []registry.Entry) (Config, error) {
	named := c.Options.Profile != ""
	c = c.withDefaults(recognisers[0])
	for _, r := range recognisers {
		if own := r.Recognition; own != nil && !named && own.Profile() != c.Options.Profile {
			return c, face.Errorf(face.Invalid, "%s prepares faces as the profile %s has it, %s as %s: name one profile for both, or use them apart",
				recognisers[0].Name, c.Options.Profile, r.Name, own.Profile())
		}
		if err := c.validate(r); err != nil {
			return c, err
		}
	}
	return c, nil
}

// validate also reads the device.
func (c *Config) validate(recogniser registry.Entry) (err error) {
	if c.device, err = ort.ParseDevice(c.Device); err != nil {
		return face.Errorf(face.Invalid, "%v", err)
	}
	deepface, r := c.Options.Profile == face.DeepFace, recogniser.Recognition
	recognizes := r != nil
	switch {
	case !(c.Pad >= 0 && c.Pad <= 2):
		return face.Errorf(face.Invalid, "padding by %g of a photograph's size: use 0 to 2", c.Pad)
	case c.MaxFaces < 0:
		return face.Errorf(face.Invalid, "at most %d faces: give 1 or more, or 0 for all", c.MaxFaces)
	case c.Workers < 0 || c.Batch < 0:
		return face.Errorf(face.Invalid, "%d workers, batches of %d: neither can be below 0", c.Workers, c.Batch)
	case c.Crop.Expand < 0 || c.Crop.Expand > 1000:
		return face.Errorf(face.Invalid, "boxes expanded by %d percent: use 0 to 1000", c.Crop.Expand)
	case c.Crop.Expand > 0 && !deepface && (recognizes || !c.Crop.Unaligned):
		return face.Errorf(face.Invalid, "boxes can be expanded where faces are not aligned, or in the profile %s", face.DeepFace)
	case c.Crop.Unaligned && !deepface && recognizes:
		return face.Errorf(face.Invalid, "%s needs aligned faces in the profile %s: unaligned ones are for %s", recogniser.Name, face.Native, face.DeepFace)
	case c.Normalization.Check() != nil:
		return c.Normalization.Check()
	case c.Normalization != recognize.Base && !deepface:
		return face.Errorf(face.Invalid, "normalization %s is for the profile %s: in %s a recogniser has its own", c.Normalization, face.DeepFace, face.Native)
	case recognizes && deepface && r.DeepFace == nil:
		return face.Errorf(face.Invalid, "%s has no profile %s: DeepFace does not have this model", recogniser.Name, face.DeepFace)
	case recognizes && c.Options.Profile == face.Native && r.Native == nil:
		return face.Errorf(face.Invalid, "%s has no profile %s, since what its authors did with a face is not known or cannot be done here: use %s",
			recogniser.Name, face.Native, face.DeepFace)
	}
	return nil
}

// onProcessor refuses a graphics card for a model that never runs on one.
func (c Config) onProcessor(e registry.Entry) error {
	if c.device.CPU() {
		return nil
	}
	return face.Errorf(face.Invalid, "%s runs on the processor alone, not on %s: use --device cpu, or another %s", e.Name, c.device, e.Kind)
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
