package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// analyzing are the models for what is said of faces besides who they are.
type analyzing struct {
	attributes []face.Attribute // for which a model is installed
	liveness   bool             // a model of it is installed
}

// analyzingWith are those of the store, with the model of liveness that is named, or
// else the one that is used by default. That is of no use without ONNX Runtime, whose
// path is given.
func analyzingWith(store *registry.Store, liveness, ortLib string) (analyzing, error) {
	installed, _, err := embed.Attributes(store)
	if err != nil {
		return analyzing{}, err
	}
	if liveness != "" && liveness != embed.Auto {
		return analyzing{installed, true}, nil
	}
	_, err = store.Default(registry.Liveness)
	if err != nil && face.CodeOf(err) != face.Unavailable {
		return analyzing{}, err
	}
	if err == nil {
		_, err = embed.OrtVersion(ortLib)
	}
	return analyzing{installed, err == nil}, nil
}

// beside is the configuration of a recogniser with the model of liveness, where there
// is one, which requests may then ask.
func (n analyzing) beside(cfg embed.Config) embed.Config {
	cfg.Liveness = cmp.Or(cfg.Liveness, embed.Auto)
	if !n.liveness {
		cfg.Liveness = ""
	}
	return cfg
}

// config is that of an Embedder which says all of it, and knows nobody.
func (n analyzing) config(cfg embed.Config) embed.Config {
	cfg.Attributes = n.attributes
	return n.beside(cfg)
}

// openLender opens a lender that says of faces all that there are models for. The
// caller closes it.
func (a *app) openLender(m embed.Config, most int, store *registry.Store) (*lender, error) {
	says, err := analyzingWith(store, m.Liveness, a.settings.OrtLib)
	if err != nil {
		return nil, err
	}
	l, err := newLender(says.beside(m), most, store.Entries(), a.log, a.openEmbedder)
	if err != nil {
		return nil, err
	}
	l.says = says
	return l, nil
}

// analyzer is httpapi.Analyzer.
type analyzer struct{ *lender }

// Analyze is httpapi.Analyzer's.
func (l analyzer) Analyze(ctx context.Context, photo []byte, asked httpapi.Asked, c httpapi.Choice, want httpapi.Wanted) ([]httpapi.Analysis, error) {
	say, err := l.says.asked(asked)
	if err != nil {
		return nil, err
	}
	c.Recognizer, c.Normalization = "", ""
	m, err := l.named(c)
	if err != nil {
		return nil, err
	}
	m.recognizer, m.normalization, m.analyzes = embed.NoRecognizer, recognize.Base, true
	e, giveBack, err := l.lend(ctx, m, cropOf(c))
	if err != nil {
		return nil, err
	}
	defer giveBack()
	found, width, height, err := e.Taking(takingOf(want)).Analyze(ctx, photo, face.AllFaces, say)
	if err != nil {
		return nil, err
	}
	out := make([]httpapi.Analysis, len(found))
	for i, f := range found {
		out[i] = analysisOf(f, width, height)
	}
	return out, nil
}

// inWords writes attributes one after the other.
func inWords(attributes []face.Attribute) string {
	names := make([]string, len(attributes))
	for i, a := range attributes {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

// errNoLiveness is for requests that ask whether faces are live where nobody can say.
var errNoLiveness = face.Errorf(face.Unavailable, "anti_spoofing: no model that tells a live face from a picture of one is installed here; nothing was checked: leave the field out or send false")

// asked is what a request asks for, if there are models for it.
func (n analyzing) asked(a httpapi.Asked) (embed.Asked, error) {
	say := embed.Asked{Attributes: n.attributes, Liveness: a.Liveness}
	if a.Actions != nil {
		say.Attributes = nil
	}
	for _, action := range a.Actions {
		if !slices.Contains(n.attributes, face.Attribute(action)) {
			return say, face.Errorf(face.Unavailable, "no model of the attribute %s is installed here; there are models of %s: `visage models list` shows what can be installed", action, inWords(n.attributes))
		}
		say.Attributes = append(say.Attributes, face.Attribute(action))
	}
	switch {
	case a.Liveness && !n.liveness:
		return say, errNoLiveness
	case len(say.Attributes) == 0:
		return say, face.Errorf(face.Unavailable, "no model of attributes is installed here: `visage models list` shows what can be installed")
	}
	return say, nil
}

var _ httpapi.Analyzer = analyzer{}
