package embed

import (
	"errors"
	"strings"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

func (e *Embedder) openDetector(cfg Config) error {
	entry, file, err := chooseDetector(cfg.Store, cfg.Detector)
	if err != nil {
		return err
	}
	e.detectorName, e.detectorFile, e.whole = entry.Name, file, entry.Name == "skip"
	if eyes := entry.BoxEyes; eyes != nil {
		e.boxEyes = align.BoxEyes(*eyes)
	}
	detector, err := e.backend(cfg, entry, file)
	if err != nil {
		return err
	}
	e.detector = detector
	if !e.whole {
		e.detector = detect.Again(detector, cfg.Passes)
	}
	if e.deepface() && entry.Name != "opencv" {
		if e.eyes, err = detect.OpenEyes(cfg.Cascades); err != nil {
			return cascadesMissing(err, entry)
		}
	}
	return nil
}

// backend opens what finds the faces.
func (e *Embedder) backend(cfg Config, entry registry.Entry, file registry.File) (detect.Detector, error) {
	switch entry.Name {
	case "skip":
		return detect.OpenSkip(cfg.Options)
	case "opencv":
		detector, err := detect.OpenHaar(cfg.Cascades, cfg.Options)
		if err != nil && face.CodeOf(err) != face.Invalid {
			return nil, cascadesMissing(err, entry)
		}
		return detector, err
	case "dlib":
		if err := cfg.onProcessor(entry); err != nil {
			return nil, err
		}
		path, err := cfg.Store.Path(entry, file)
		if err != nil {
			return nil, err
		}
		return detect.OpenDlib(path, cfg.Options)
	default:
		return e.networks(cfg, entry, file)
	}
}

func cascadesMissing(err error, entry registry.Entry) error {
	return face.Wrap(face.Unavailable, err, "detector %s: OpenCV's cascades come with Debian's opencv-data; run `make setup`", entry.Name)
}

// withoutDlib adds to the error of a program without dlib what else the model
// lacks.
func withoutDlib(store *registry.Store, entry registry.Entry, err error) error {
	if _, _, missing := store.Installed(entry); missing != nil {
		return face.Wrap(face.Unavailable, missing, "%v; besides", err)
	}
	return err
}

// networks opens a backend that runs in ONNX Runtime.
func (e *Embedder) networks(cfg Config, entry registry.Entry, file registry.File) (_ detect.Detector, err error) {
	if strings.HasSuffix(file.Name, ".caffemodel") {
		return caffe(cfg, entry, file)
	}
	var networks []detect.Network
	defer func() {
		if err == nil {
			return
		}
		for _, n := range networks {
			err = errors.Join(err, n.Close())
		}
	}()
	for _, part := range file.All() {
		session, err := e.session(cfg, entry, part)
		if err != nil {
			return nil, err
		}
		networks = append(networks, watched(cfg, session, &e.recorders))
	}
	return detect.Open(backendOf(entry), networks, cfg.Options)
}

// caffe opens the detector whose publisher's files are for OpenCV: the weights,
// and as their part the description.
func caffe(cfg Config, entry registry.Entry, file registry.File) (detect.Detector, error) {
	if err := cfg.onProcessor(entry); err != nil {
		return nil, err
	}
	paths, err := cfg.Store.Paths(entry, file)
	if err != nil {
		return nil, err
	}
	if len(paths) != 2 {
		return nil, face.Errorf(face.Mismatch, "%s of %s: Caffe's weights need their description, import both", file.Name, entry.Name)
	}
	weights, err := registry.Load(paths[0], file)
	if err != nil {
		return nil, err
	}
	description, err := registry.Load(paths[1], file.Parts[0])
	if err != nil {
		return nil, err
	}
	return detect.OpenCaffeSSD(description, weights, cfg.Options)
}

// watched puts a recorder before a network that is to be measured.
func watched(cfg Config, network detect.Network, recorders *[]*recorder) detect.Network {
	if !cfg.Measured {
		return network
	}
	r := &recorder{Network: network}
	*recorders = append(*recorders, r)
	return r
}

// chooseDetector finds a detector by its name, by that of one of its files, or
// the best installed for no name. The file is the installed one to use.
func chooseDetector(store *registry.Store, name string) (registry.Entry, registry.File, error) {
	if name == Auto {
		entry, err := store.Default(registry.Detector)
		if err != nil {
			return registry.Entry{}, registry.File{}, err
		}
		name = entry.Name
	}
	entry, err := registry.Find(store.Entries(), registry.Detector, name)
	switch {
	case err == nil && entry.BuiltIn:
		return entry, registry.File{}, nil
	case err == nil && entry.Build == "dlib" && !detect.WithDlib:
		_, err := detect.OpenDlib("", detect.Options{})
		return registry.Entry{}, registry.File{}, withoutDlib(store, entry, err)
	case err == nil:
		file, _, err := store.Installed(entry)
		return entry, file, err
	}
	for _, entry := range store.Entries() {
		if file, ok := entry.FileNamed(name); ok && entry.Kind == registry.Detector {
			return entry, file, nil
		}
	}
	return registry.Entry{}, registry.File{}, err
}

// session loads a model's verified weights, and ONNX Runtime before the first.
func (e *Embedder) session(cfg Config, entry registry.Entry, file registry.File) (*ort.Session, error) {
	path, err := cfg.Store.Path(entry, file)
	if err != nil {
		return nil, err
	}
	graph, err := registry.Load(path, file)
	if err != nil {
		return nil, err
	}
	if e.runtime == nil {
		if e.runtime, err = ort.OpenRuntime(cfg.OrtLib); err != nil {
			return nil, face.Wrap(face.Unavailable, err, "%s needs ONNX Runtime", entry.Name)
		}
	}
	session, err := newSession(e.runtime, entry, graph, cfg.device)
	if err != nil {
		return nil, face.Wrap(face.Mismatch, err, "%s of %s", file.Name, entry.Name)
	}
	return session, nil
}
