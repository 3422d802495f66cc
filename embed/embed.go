// Package embed turns a photograph into templates: decode, detect, align,
// recognise. It owns the native parts (OpenCV's cascades and pictures, ONNX
// Runtime and its sessions) and knows nothing of databases.
package embed

import (
	"errors"
	"image"
	"strings"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/attribute"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/liveness"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// Embedder turns photographs into templates, of one space for each recogniser. It
// may be used by several goroutines at once.
type Embedder struct {
	*model             // the recogniser that counts where there is one
	models    []*model // with those besides it, at least one
	limits    cv.Limits
	cfg       Config // with defaults
	pad       float64
	crop      Crop
	runtime   *ort.Runtime // nil while no model needs it
	pool      *cv.Pool
	detector  detect.Detector
	eyes      *detect.Eyes // nil where no detection needs them
	recorders []*recorder  // of the detector's networks, where they are measured

	estimators []estimator       // of attributes
	attributed []*recorder       // of their networks, where they are measured
	estimating []face.Attribute  // that templates carry
	points     *attribute.Points // nil where there is none
	liveness   *liveness.Checker // nil where there is none
	liveModel  registry.Entry    // its entry, empty where there is none
	turns      turns
	observer   Observer

	detectorName string
	detectorFile registry.File // zero for one that is built in
	settings     string        // of the detector, as Detector shows them
	whole        bool          // the detector takes the whole picture for a face
	boxEyes      align.BoxEyes // where the detector gives no landmarks
	profile      face.Profile
	maxFaces     int  // of a photograph; 0 for all
	anyway       bool // a photograph without a face is one
	tells        bool // whether faces are live, with their templates and crops
}

// Open loads the models. The caller closes the Embedder. Errors are
// face.NotFound for an unknown name, face.Unavailable for what is not installed
// (the message says what to run), face.Mismatch for damaged weights and for
// those of another network, and face.Invalid for settings out of range.
func Open(cfg Config) (*Embedder, error) {
	entries, err := chooseRecognizers(cfg)
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.settled(entries); err != nil {
		return nil, err
	}
	e := &Embedder{
		cfg: cfg, limits: cv.Limits{Bytes: cfg.MaxBytes, Pixels: cfg.MaxPixels}, pad: cfg.Pad, crop: cfg.Crop, maxFaces: cfg.MaxFaces, anyway: cfg.Anyway,
		profile: cfg.Options.Profile, settings: cfg.settings(), pool: cv.NewPool(0), turns: newTurns(cfg.Workers), observer: cfg.Observer,
	}
	for _, entry := range entries {
		e.models = append(e.models, &model{entry: entry, template: align.ArcFace(align.Side)})
	}
	e.model = e.models[0]
	if err := e.open(cfg); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// open loads the detector, and then the recognisers, whose spaces may depend on
// it.
func (e *Embedder) open(cfg Config) error {
	if err := e.openDetector(cfg); err != nil {
		return err
	}
	for _, m := range e.models {
		if err := e.openRecognizer(cfg, m); err != nil {
			return err
		}
	}
	if err := e.openAttributes(cfg); err != nil {
		return err
	}
	if err := e.openPoints(cfg); err != nil {
		return err
	}
	if err := e.openLiveness(cfg); err != nil {
		return err
	}
	if e.runtime == nil && !cfg.device.CPU() {
		return face.Errorf(face.Invalid, "none of the models (%s) is a network that could run on %s: use --device cpu",
			strings.Trim(e.detectorName+", "+e.entry.Name, ", "), cfg.device)
	}
	return nil
}

// deepface says whether photographs are treated as DeepFace does.
func (e *Embedder) deepface() bool { return e.profile == face.DeepFace }

// Close frees all native parts, in the order in which they need each other. It
// may be called twice, and on a half-opened value.
func (e *Embedder) Close() error {
	var errs []error
	if e.detector != nil {
		errs = append(errs, e.detector.Close())
	}
	for _, m := range e.models {
		if m.recognizer != nil {
			errs = append(errs, m.recognizer.Close())
		}
	}
	for _, m := range e.estimators {
		errs = append(errs, m.Close())
	}
	if e.points != nil {
		errs = append(errs, e.points.Close())
	}
	if e.liveness != nil {
		errs = append(errs, e.liveness.Close())
	}
	return errors.Join(append(errs, e.eyes.Close(), e.pool.Close(), e.runtime.Close())...)
}

// Space is where the templates of this Embedder live, those of the first of its
// recognisers where it has several.
func (e *Embedder) Space() face.Space { return e.space }

// Spaces are those of all its recognisers, in their order.
func (e *Embedder) Spaces() []face.Space {
	spaces := make([]face.Space, len(e.models))
	for i, m := range e.models {
		spaces[i] = m.space
	}
	return spaces
}

// Detector is the detector's name, with the settings that decide what it finds
// where they are not its own, such as "scrfd@1280+turned": what one setting did
// not find, another may.
func (e *Embedder) Detector() string { return e.detectorName + e.settings }

// DetectorSource is a name for Config.Detector that stands for the very same
// detector wherever its weights are, and their SHA-256, with those of its further
// files after a "+"; empty for a detector without weights.
func (e *Embedder) DetectorSource() (name, weights string) {
	if e.detectorFile.Name == "" {
		return e.detectorName, ""
	}
	var sums []string
	for _, part := range e.detectorFile.All() {
		sums = append(sums, part.SHA256)
	}
	return e.detectorFile.Name, strings.Join(sums, "+")
}

// Recognizer is the recogniser's name; empty where there is none.
func (e *Embedder) Recognizer() string { return e.entry.Name }

// Profile is how faces are prepared.
func (e *Embedder) Profile() face.Profile { return e.profile }

// Thresholds are the recogniser's in its profile, at most one for each metric;
// none where it has none, or where there is no recogniser.
func (e *Embedder) Thresholds() face.Thresholds { return e.thresholds }

// Range is the least and the largest value that DeepFace's minmax_normalize
// takes the recogniser's components to have, and whether it knows any.
func (e *Embedder) Range() (ends [2]float64, ok bool) {
	r := e.entry.Recognition
	if r == nil || r.DeepFace == nil || r.DeepFace.MinMax == nil {
		return [2]float64{}, false
	}
	return *r.DeepFace.MinMax, true
}

// FedShape is that of Represented.Fed: rows, columns, channels.
func (e *Embedder) FedShape() []int {
	r := e.entry.Recognition
	if _, ok := e.recognizer.(recognize.Feeder); !ok || r == nil {
		return nil
	}
	return []int{r.Height, r.Width, 3}
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
