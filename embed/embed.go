// Package embed turns a photograph into templates: decode, detect, align,
// recognise. It owns the native parts (OpenCV's cascades and pictures, ONNX
// Runtime and its sessions) and knows nothing of databases.
package embed

import (
	"context"
	"errors"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
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
	// to the best that is installed.
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
	// a share of its width and height on each side, up to 2. Pictures that are
	// cut tightly around a face need it, because detectors want to see some
	// surroundings. Boxes are then in the pixels of the padded picture. Defaults
	// to none.
	Pad float64
}

// NoRecognizer opens an Embedder that can Extract but not Embed.
const NoRecognizer = "none"

func (c Config) withDefaults() Config {
	if c.Cascades == "" {
		c.Cascades = "/usr/share/opencv4/haarcascades"
	}
	if c.MaxBytes == 0 {
		c.MaxBytes = 64 << 20
	}
	if c.MaxPixels == 0 {
		c.MaxPixels = 100_000_000
	}
	return c
}

// Embedder turns photographs into templates of one space. It may be used by
// several goroutines at once.
type Embedder struct {
	limits     cv.Limits
	pad        float64
	runtime    *ort.Runtime // nil while no model needs it
	detector   detect.Detector
	recognizer recognize.Recognizer

	detectorName string
	entry        registry.Entry // of the recogniser
	space        face.Space
}

// Open loads the models. The caller closes the Embedder. Errors are
// face.NotFound for an unknown name, face.Unavailable for what is not installed
// (the message says what to run) and face.Mismatch for damaged weights.
func Open(cfg Config) (*Embedder, error) {
	cfg = cfg.withDefaults()
	if cfg.Pad < 0 || cfg.Pad > 2 {
		return nil, face.Errorf(face.Invalid, "padding by %g of a photograph's size: use 0 to 2", cfg.Pad)
	}
	e := &Embedder{limits: cv.Limits{Bytes: cfg.MaxBytes, Pixels: cfg.MaxPixels}, pad: cfg.Pad}
	for _, open := range []func(Config) error{e.openDetector, e.openRecognizer} {
		if err := open(cfg); err != nil {
			return nil, errors.Join(err, e.Close())
		}
	}
	return e, nil
}

// Close frees all native parts, in the order in which they need each other. It
// may be called twice, and on a half-opened value.
func (e *Embedder) Close() error {
	var errs []error
	if e.detector != nil {
		errs = append(errs, e.detector.Close())
	}
	if e.recognizer != nil {
		errs = append(errs, e.recognizer.Close())
	}
	return errors.Join(append(errs, e.runtime.Close())...)
}

// Space is where all templates of this Embedder live.
func (e *Embedder) Space() face.Space { return e.space }

// Detector is the detector's name.
func (e *Embedder) Detector() string { return e.detectorName }

// Recognizer is the recogniser's name; empty where there is none.
func (e *Embedder) Recognizer() string { return e.entry.Name }

// Threshold is the recogniser's cosine threshold; the zero value where there is
// no recogniser.
func (e *Embedder) Threshold() face.Threshold {
	if e.entry.Threshold == nil {
		return face.Threshold{}
	}
	return *e.entry.Threshold
}

// Embed finds the faces of an encoded photograph and returns the template of
// each, or of the most prominent one. Errors carry the codes of photographs:
// face.NoFace, Unsupported, Undecodable, TooLarge, Empty; and Cancelled,
// Internal, or Invalid where there is no recogniser.
func (e *Embedder) Embed(ctx context.Context, data []byte, which face.Choice) (face.Photo, error) {
	if e.recognizer == nil {
		return face.Photo{}, face.Errorf(face.Invalid, "this embedder was opened without a recogniser")
	}
	picture, err := e.decode(data)
	if err != nil {
		return face.Photo{}, err
	}
	defer picture.Close()
	found, err := e.find(ctx, picture, which)
	if err != nil {
		return face.Photo{}, err
	}
	photo := face.Photo{Width: picture.Width(), Height: picture.Height()}
	for _, d := range found {
		vector, err := e.vector(ctx, picture, d)
		if err != nil {
			return face.Photo{}, internal(ctx, err, "recognise a face with "+e.entry.Name)
		}
		photo.Templates = append(photo.Templates, face.Template{Space: e.space, Vector: vector, Detection: d})
	}
	return photo, nil
}

func (e *Embedder) decode(data []byte) (*cv.Image, error) {
	picture, err := cv.Decode(data, e.limits)
	if err == nil && e.pad > 0 {
		defer picture.Close()
		picture, err = picture.Pad(e.pad)
	}
	if err == nil {
		return picture, nil
	}
	for cause, code := range map[error]face.Code{
		cv.ErrEmpty: face.Empty, cv.ErrUnsupported: face.Unsupported,
		cv.ErrDamaged: face.Undecodable, cv.ErrTooLarge: face.TooLarge,
	} {
		if errors.Is(err, cause) {
			return nil, face.Errorf(code, "%v", err)
		}
	}
	return nil, face.Wrap(face.Internal, err, "decode the photograph")
}

// find detects and chooses. It never returns an empty list without an error.
func (e *Embedder) find(ctx context.Context, picture *cv.Image, which face.Choice) ([]face.Detection, error) {
	found, err := e.detector.Detect(ctx, picture)
	if err != nil {
		return nil, internal(ctx, err, "detect faces with "+e.detectorName)
	}
	if len(found) == 0 {
		return nil, face.Errorf(face.NoFace, "%s finds no face in the photograph of %dx%d pixels",
			e.detectorName, picture.Width(), picture.Height())
	}
	if which == face.Prominent {
		found = []face.Detection{found[face.MostProminent(found, picture.Width(), picture.Height())]}
	}
	return found, nil
}

func internal(ctx context.Context, err error, what string) error {
	if ctx.Err() != nil {
		return face.Wrap(face.Cancelled, err, "%s", what)
	}
	return face.Wrap(face.Internal, err, "%s", what)
}
