package embed

import (
	"errors"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

func (e *Embedder) openDetector(cfg Config) error {
	entry, file, err := chooseDetector(cfg.Store, cfg.Detector)
	if err != nil {
		return err
	}
	e.detectorName = entry.Name
	if entry.BuiltIn {
		e.detector, err = detect.OpenHaar(cfg.Cascades, detect.Options{})
		if err != nil {
			return face.Wrap(face.Unavailable, err, "detector %s: OpenCV's cascades come with Debian's opencv-data; run `make setup`", entry.Name)
		}
		return nil
	}
	session, err := e.session(cfg, entry, file)
	if err != nil {
		return err
	}
	e.detector, err = detect.Open(entry.Name, []detect.Network{session}, detect.Options{})
	if err != nil {
		return errors.Join(err, session.Close())
	}
	return nil
}

// chooseDetector finds a detector by its name, by that of one of its files, or
// the best installed for no name. The file is the installed one to use.
func chooseDetector(store *registry.Store, name string) (registry.Entry, registry.File, error) {
	if name == "" {
		entry, err := store.Default(registry.Detector)
		if err != nil {
			return registry.Entry{}, registry.File{}, err
		}
		name = entry.Name
	}
	for _, entry := range store.Entries() {
		if file, ok := entry.FileNamed(name); ok && entry.Kind == registry.Detector {
			return entry, file, nil
		}
	}
	entry, err := registry.Find(store.Entries(), registry.Detector, name)
	if err != nil || entry.BuiltIn {
		return entry, registry.File{}, err
	}
	file, _, err := store.Installed(entry)
	return entry, file, err
}

func (e *Embedder) openRecognizer(cfg Config) error {
	if cfg.Recognizer == NoRecognizer {
		return nil
	}
	entry, err := chooseRecognizer(cfg.Store, cfg.Recognizer)
	if err != nil {
		return err
	}
	e.entry = entry
	e.space = face.Space{Recognizer: entry.Name, Profile: face.Native, Dim: entry.Dim, Unit: true}
	if e.detector.Landmarks() < 5 {
		e.space.Detector = e.detectorName
	}
	if entry.BuiltIn {
		e.recognizer, e.space.Weights = recognize.OpenLBPH(), recognize.LBPHWeights()
		return nil
	}
	file, _, err := cfg.Store.Installed(entry)
	if err != nil {
		return err
	}
	e.space.Weights = file.SHA256
	session, err := e.session(cfg, entry, file)
	if err != nil {
		return err
	}
	e.recognizer, err = recognize.OpenNetwork(session, recognize.Input(*entry.Input), entry.Dim)
	if err != nil {
		return errors.Join(face.Wrap(face.Mismatch, err, "recogniser %s", entry.Name), session.Close())
	}
	return nil
}

func chooseRecognizer(store *registry.Store, name string) (registry.Entry, error) {
	if name == "" {
		return store.Default(registry.Recognizer)
	}
	return registry.Find(store.Entries(), registry.Recognizer, name)
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
	session, err := e.runtime.NewSession(graph, ort.Config{})
	if err != nil {
		return nil, face.Wrap(face.Mismatch, err, "%s of %s", file.Name, entry.Name)
	}
	return session, nil
}
