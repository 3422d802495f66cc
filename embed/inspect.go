package embed

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/dlib"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// Inspect opens ONNX graphs as the files of a model, in the order in which it
// uses them, and tries them on nothing. It returns face.Mismatch, saying what
// differs, for graphs that do not fit the model's description, and
// face.Unavailable without ONNX Runtime, whose path is given. Of dlib's models the
// recogniser's file is checked, Caffe's files are not looked into. The end of ctx
// ends the trial with face.Cancelled: a graph may run for ever.
func Inspect(ctx context.Context, ortLib string, e registry.Entry, paths []string) (err error) {
	switch {
	case e.Build == "dlib" && e.Kind == registry.Recognizer:
		return inspectDlib(e, paths[0])
	case e.Build != "" || filepath.Ext(paths[0]) == ".caffemodel":
		return nil
	}
	runtime, err := ort.OpenRuntime(ortLib)
	if err != nil {
		return face.Wrap(face.Unavailable, err, "%s needs ONNX Runtime", e.Name)
	}
	defer func() { err = errors.Join(err, runtime.Close()) }()
	var sessions []*ort.Session
	defer func() {
		for _, s := range sessions {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, path := range paths {
		s, err := sessionOf(runtime, e, path)
		if err != nil {
			return face.Wrap(face.Mismatch, err, "%s as a file of %s", path, e.Name)
		}
		sessions = append(sessions, s)
	}
	err = tryModel(ctx, e, sessions)
	if ctx.Err() != nil {
		return face.Wrap(face.Cancelled, err, "try %s", paths[0])
	}
	if err != nil {
		return face.Wrap(face.Mismatch, err, "%s does not fit the description of %s", paths[0], e.Name)
	}
	return nil
}

func inspectDlib(e registry.Entry, path string) error {
	file, err := os.ReadFile(path)
	if err == nil {
		err = dlib.CheckNetwork(file)
	}
	if err != nil {
		return face.Wrap(face.Mismatch, err, "%s as a file of %s", path, e.Name)
	}
	return nil
}

func sessionOf(runtime *ort.Runtime, e registry.Entry, path string) (*ort.Session, error) {
	graph, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return newSession(runtime, e, graph, ort.Device{})
}

// newSession loads a graph of a model.
func newSession(runtime *ort.Runtime, e registry.Entry, graph []byte, on ort.Device) (_ *ort.Session, err error) {
	if e.Loosen {
		if graph, err = ort.Loosen(graph); err != nil {
			return nil, err
		}
	}
	cfg := ort.Config{Device: on}
	if e.Recognition != nil {
		cfg.Output = e.Recognition.Output
	}
	return runtime.NewSession(graph, cfg)
}

// tryModel opens the graphs as those of the model.
func tryModel(ctx context.Context, e registry.Entry, sessions []*ort.Session) error {
	switch e.Kind {
	case registry.Recognizer:
		return tryRecognizer(ctx, e, sessions)
	case registry.Attribute:
		return tryAttribution(ctx, e, sessions)
	case registry.Liveness:
		return tryPresentation(ctx, e, sessions)
	default:
		return tryDetector(ctx, e, sessions)
	}
}

func tryRecognizer(ctx context.Context, e registry.Entry, sessions []*ort.Session) error {
	if len(sessions) != 1 {
		return face.Errorf(face.Mismatch, "%d graphs, want one", len(sessions))
	}
	r := e.Recognition
	recognizer, err := recognize.OpenNetwork(ctx, sessions[0], recognize.Config{
		Feed: recognize.NativeFeed(r.Width, r.Height, recognize.Input{Std: [3]float32{1, 1, 1}}),
		Dim:  r.Dim, Last: r.Layout == registry.NHWC,
	})
	if err != nil {
		return err
	}
	return recognizer.Close()
}

func tryDetector(ctx context.Context, e registry.Entry, sessions []*ort.Session) (err error) {
	networks := make([]detect.Network, len(sessions))
	for i, s := range sessions {
		networks[i] = s
	}
	d, err := detect.Open(backendOf(e), networks, detect.Options{})
	if err != nil {
		return err
	}
	black, err := cv.Black(160, 120)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	_, err = d.Detect(ctx, black)
	return errors.Join(err, black.Close(), d.Close())
}

// backendOf is what reads a detector's graphs.
func backendOf(e registry.Entry) string {
	if e.Backend == "" {
		return e.Name
	}
	return e.Backend
}
