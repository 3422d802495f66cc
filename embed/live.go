package embed

import (
	"context"
	"errors"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/liveness"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// openLiveness opens the model that the Config names, if it names one.
func (e *Embedder) openLiveness(cfg Config) error {
	if cfg.Liveness == "" {
		return nil
	}
	entry, err := livenessModel(cfg.Store, cfg.Liveness)
	if err != nil {
		return err
	}
	file, _, err := cfg.Store.Installed(entry)
	if err != nil {
		return err
	}
	var sessions []classify.Session
	for _, part := range file.All() {
		session, err := e.session(cfg, entry, part)
		if err != nil {
			return errors.Join(err, closeAll(sessions))
		}
		sessions = append(sessions, session)
	}
	if e.liveness, err = liveness.Open(context.Background(), sessions, livenessConfig(entry, e.deepface())); err != nil {
		return errors.Join(face.Wrap(face.Mismatch, err, "model of liveness %s", entry.Name), closeAll(sessions))
	}
	e.liveModel = entry
	return nil
}

// Liveness is the name of the model that tells live faces from pictures of faces;
// empty where there is none.
func (e *Embedder) Liveness() string { return e.liveModel.Name }

func livenessModel(store *registry.Store, name string) (registry.Entry, error) {
	if name == Auto {
		return store.Default(registry.Liveness)
	}
	return registry.Find(store.Entries(), registry.Liveness, name)
}

func livenessConfig(entry registry.Entry, winning bool) liveness.Config {
	p := entry.Presentation
	return liveness.Config{
		Width: p.Width, Height: p.Height, Scales: p.Scales, Classes: p.Classes, Live: p.Live, Threshold: p.Threshold, Winning: winning,
		Pixels: classify.Pixels{RGB: p.RGB, Mean: p.Mean, Std: p.Std},
	}
}

func closeAll(sessions []classify.Session) error {
	var errs []error
	for _, s := range sessions {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// LivenessThreshold is the least probability of a live face by which that model takes
// a face for one; 0 where the class that is the most likely decides.
func (e *Embedder) LivenessThreshold() float64 {
	if p := e.liveModel.Presentation; p != nil {
		return p.Threshold
	}
	return 0
}

// tryPresentation opens graphs as those of a model of liveness.
func tryPresentation(ctx context.Context, e registry.Entry, sessions []*ort.Session) error {
	var graphs []classify.Session
	for _, s := range sessions {
		graphs = append(graphs, s)
	}
	opened, err := liveness.Open(ctx, graphs, livenessConfig(e, false))
	if err != nil {
		return err
	}
	return opened.Close()
}
