package embed

import (
	"context"
	"errors"
	"slices"

	"github.com/visagedb/visage/embed/attribute"
	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// estimator is an open model of attributes, and those that are its business here.
type estimator struct {
	*attribute.Estimator
	name       string
	attributes []face.Attribute
}

// Attributes are those for which the store has a model that is installed, and those
// for which it has none, both in DeepFace's order. The error is the store's, about
// files that cannot be used.
func Attributes(store *registry.Store) (installed, missing []face.Attribute, err error) {
	for _, a := range face.AllAttributes() {
		_, _, err := attributeModel(store, a, nil, face.Native)
		switch face.CodeOf(err) {
		case "":
			installed = append(installed, a)
		case face.Unavailable:
			missing = append(missing, a)
		default:
			return nil, nil, err
		}
	}
	return installed, missing, nil
}

// AttributeModels are the names of the models of attributes that the Embedder was
// opened with.
func (e *Embedder) AttributeModels() []string {
	names := make([]string, len(e.estimators))
	for i, m := range e.estimators {
		names[i] = m.name
	}
	return names
}

// attributeModel chooses the model for an attribute, and the installed file of it:
// the one that is named or, of those that are installed, the first, before it those
// that are vouched for, and in DeepFace's profile before all DeepFace's own.
func attributeModel(store *registry.Store, a face.Attribute, named []string, profile face.Profile) (registry.Entry, registry.File, error) {
	for _, name := range named {
		entry, err := registry.Find(store.Entries(), registry.Attribute, name)
		if err != nil {
			return registry.Entry{}, registry.File{}, err
		}
		if _, ok := entry.Head(string(a)); ok {
			file, _, err := store.Installed(entry)
			return entry, file, err
		}
	}
	var best registry.Entry
	var using registry.File
	most, remedy := -1, ""
	for _, entry := range store.Entries() {
		if _, ok := entry.Head(string(a)); !ok {
			continue
		}
		file, _, err := store.Installed(entry)
		if face.CodeOf(err) == face.Unavailable {
			if p, ok := entry.Preferred(); ok && p.Pullable() && remedy == "" {
				remedy = err.Error() + "; "
			}
			continue
		}
		if err != nil {
			return registry.Entry{}, registry.File{}, err
		}
		rank := 0
		if file.Vouch() != registry.ByNobody {
			rank = 1
		}
		if profile == face.DeepFace && entry.Attribution.Cut == registry.CutDeepFace {
			rank = 2
		}
		if rank > most {
			best, using, most = entry, file, rank
		}
	}
	if most < 0 {
		return registry.Entry{}, registry.File{}, face.Errorf(face.Unavailable, "no model of the attribute %s is installed: %s`visage models list` shows which there are", a, remedy)
	}
	return best, using, nil
}

// openAttributes opens a model for each attribute that the Config names.
func (e *Embedder) openAttributes(cfg Config) error {
	type chosen struct {
		entry      registry.Entry
		file       registry.File
		attributes []face.Attribute
	}
	var models []chosen
	for _, a := range cfg.Attributes {
		if !slices.Contains(face.AllAttributes(), a) {
			return face.Errorf(face.Invalid, "no attribute is called %q: use some of %v", a, face.AllAttributes())
		}
		entry, file, err := attributeModel(cfg.Store, a, cfg.AttributeModels, cfg.Options.Profile)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(models, func(m chosen) bool { return m.entry.Name == entry.Name })
		if at < 0 {
			at, models = len(models), append(models, chosen{entry: entry, file: file})
		}
		if !slices.Contains(models[at].attributes, a) {
			models[at].attributes = append(models[at].attributes, a)
		}
	}
	for _, m := range models {
		session, err := e.session(cfg, m.entry, m.file)
		if err != nil {
			return err
		}
		opened, err := attribute.Open(context.Background(), watched(cfg, session, &e.attributed), attributeConfig(m.entry, m.attributes))
		if err != nil {
			return errors.Join(face.Wrap(face.Mismatch, err, "model of attributes %s", m.entry.Name), session.Close())
		}
		e.estimators = append(e.estimators, estimator{opened, m.entry.Name, m.attributes})
	}
	return nil
}

// attributeConfig describes a model's network as far as it is for some attributes.
func attributeConfig(entry registry.Entry, wanted []face.Attribute) attribute.Config {
	a := entry.Attribution
	cfg := attribute.Config{
		Name: entry.Name, Width: a.Width, Height: a.Height, Cut: attribute.Cut(a.Cut), Margin: a.Margin,
		Pixels: classify.Pixels{Grey: a.Grey, RGB: a.RGB, Mean: a.Mean, Std: a.Std, Last: a.Layout == registry.NHWC},
	}
	for _, h := range a.Heads {
		if slices.Contains(wanted, face.Attribute(h.Attribute)) {
			cfg.Heads = append(cfg.Heads, attribute.Head{Attribute: face.Attribute(h.Attribute), Output: h.Output, Labels: h.Labels, Years: h.Years,
				Ages: h.Ages, Times: h.Times, Logits: h.Logits, From: h.From, Width: h.Width})
		}
	}
	return cfg
}

// tryAttribution opens a graph as that of a model of attributes.
func tryAttribution(ctx context.Context, e registry.Entry, sessions []*ort.Session) error {
	if len(sessions) != 1 {
		return face.Errorf(face.Mismatch, "%d graphs, want one", len(sessions))
	}
	if h, ok := e.Head(registry.Landmarks); ok {
		opened, err := attribute.OpenPoints(ctx, sessions[0], attributeConfig(e, nil), h.Points)
		if err != nil {
			return err
		}
		return opened.Close()
	}
	opened, err := attribute.Open(ctx, sessions[0], attributeConfig(e, face.AllAttributes()))
	if err != nil {
		return err
	}
	return opened.Close()
}
