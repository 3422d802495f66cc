// Package embed turns a photograph into templates: decode, detect, align,
// recognise. It owns the native parts (OpenCV's cascades and pictures, ONNX
// Runtime and its sessions) and knows nothing of databases.
package embed

import (
	"context"
	"errors"
	"image"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// Embedder turns photographs into templates of one space. It may be used by
// several goroutines at once.
type Embedder struct {
	limits     cv.Limits
	pad        float64
	crop       Crop
	deepface   bool         // Extract cuts faces out as DeepFace does
	runtime    *ort.Runtime // nil while no model needs it
	pool       *cv.Pool
	detector   detect.Detector
	eyes       *detect.Eyes // nil where no detection needs them
	recorders  []*recorder  // of the detector's networks, where it is measured
	recognizer recognize.Recognizer

	detectorName string
	settings     string         // of the detector, as Detector shows them
	whole        bool           // the detector takes the whole picture for a face
	boxEyes      align.BoxEyes  // where the detector gives no landmarks
	template     align.Template // of the recognisers
	entry        registry.Entry // of the recogniser
	space        face.Space
}

// Open loads the models. The caller closes the Embedder. Errors are
// face.NotFound for an unknown name, face.Unavailable for what is not installed
// (the message says what to run), face.Mismatch for damaged weights and for
// those of another network, and face.Invalid for settings out of range.
func Open(cfg Config) (*Embedder, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	e := &Embedder{
		limits: cv.Limits{Bytes: cfg.MaxBytes, Pixels: cfg.MaxPixels}, pad: cfg.Pad, crop: cfg.Crop,
		deepface: cfg.Options.Profile == face.DeepFace, settings: cfg.settings(), template: align.ArcFace(align.Side), pool: cv.NewPool(0),
	}
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
	return errors.Join(append(errs, e.eyes.Close(), e.pool.Close(), e.runtime.Close())...)
}

// Space is where all templates of this Embedder live.
func (e *Embedder) Space() face.Space { return e.space }

// Detector is the detector's name, with the settings that decide what it finds
// where they are not its own, such as "scrfd@1280+turned": what one setting did
// not find, another may.
func (e *Embedder) Detector() string { return e.detectorName + e.settings }

// Recognizer is the recogniser's name; empty where there is none.
func (e *Embedder) Recognizer() string { return e.entry.Name }

// Threshold is the recogniser's cosine threshold; the zero value where there is
// no recogniser.
func (e *Embedder) Threshold() face.Threshold {
	if e.entry.Recognition == nil {
		return face.Threshold{}
	}
	own, _ := e.entry.Recognition.Native.Thresholds.In(face.Cosine)
	return own
}

// Embed finds the faces of an encoded photograph and returns the template of
// each, or of the most prominent one. Errors carry the codes of photographs:
// face.NoFace, Unsupported, Undecodable, TooLarge, Empty; and Cancelled,
// Internal, or Invalid where there is no recogniser.
func (e *Embedder) Embed(ctx context.Context, data []byte, which face.Choice) (face.Photo, error) {
	if e.recognizer == nil {
		return face.Photo{}, face.Errorf(face.Invalid, "this embedder was opened without a recogniser")
	}
	p, err := e.decodeFor(data, forTemplates)
	if err != nil {
		return face.Photo{}, err
	}
	defer p.Close()
	found, err := e.find(ctx, p, which)
	if err != nil {
		return face.Photo{}, err
	}
	photo := face.Photo{Width: p.width, Height: p.height}
	err = e.crops(p, found, func(i int, crop *cv.Image, _ align.Placement) error {
		vector, err := e.recognizer.Recognize(ctx, crop)
		if err != nil {
			return err
		}
		photo.Templates = append(photo.Templates, face.Template{Space: e.space, Vector: vector, Detection: found[i]})
		return recognize.Unit(vector)
	})
	if err != nil {
		return face.Photo{}, internal(ctx, err, "recognise a face with "+e.entry.Name)
	}
	return photo, nil
}

// Picture decodes a photograph under the Embedder's limits, turned as its EXIF
// orientation says, for drawing on. Errors are those of Embed.
func (e *Embedder) Picture(data []byte) (*image.RGBA, error) {
	p, err := e.decode(data, whole)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.image.RGBA()
}
