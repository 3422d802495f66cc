package main

import (
	"cmp"
	"context"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/recognize"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// models are what has to be opened for a choice. Choices that differ in how faces
// are cut out share them.
type models struct {
	recognizer, detector string // as the registry has them; embed.NoRecognizer for none
	normalization        recognize.Normalization
	analyzes             bool // with the models of attributes and liveness
}

// Lend is httpapi.Models'.
func (l *lender) Lend(ctx context.Context, c httpapi.Choice) (httpapi.Embedder, func(), error) {
	m, err := l.named(c)
	if err != nil {
		return nil, nil, err
	}
	e, giveBack, err := l.lend(ctx, m, cropOf(c))
	if err != nil {
		return nil, nil, err
	}
	return served{e}, giveBack, nil
}

// LendCutter is httpapi.Models'.
func (l *lender) LendCutter(ctx context.Context, c httpapi.Choice) (httpapi.Cutter, func(), error) {
	c.Recognizer, c.Normalization = "", ""
	m, err := l.named(c)
	if err != nil {
		return nil, nil, err
	}
	m.recognizer, m.normalization = embed.NoRecognizer, recognize.Base
	e, giveBack, err := l.lend(ctx, m, cropOf(c))
	if err != nil {
		return nil, nil, err
	}
	return served{e}, giveBack, nil
}

func cropOf(c httpapi.Choice) embed.Crop {
	return embed.Crop{Unaligned: c.Unaligned, Expand: c.Expand}
}

// ownModels are those that were opened by default. Its detector is the very file.
func (l *lender) ownModels(e *embed.Embedder) models {
	source, _ := e.DetectorSource()
	return models{recognizer: e.Recognizer(), detector: source, normalization: cmp.Or(l.cfg.Normalization, recognize.Base)}
}

// named are the models of a choice, by their own names, however a request writes
// them. It returns NotFound, listing the names, for what does not exist.
func (l *lender) named(c httpapi.Choice) (models, error) {
	m := l.own
	if c.Recognizer != "" {
		entry, err := registry.Find(l.entries, registry.Recognizer, c.Recognizer)
		if err != nil {
			return models{}, err
		}
		m.recognizer = entry.Name
	}
	if c.Detector != "" && c.Detector != embed.Auto {
		entry, file, err := l.detectorNamed(c.Detector)
		if err != nil {
			return models{}, err
		}
		if own, ownFile, err := l.detectorNamed(l.own.detector); err != nil || own != entry || file != "" && file != ownFile {
			m.detector = cmp.Or(file, entry)
		}
	}
	if c.Normalization != "" {
		m.normalization = recognize.Normalization(c.Normalization)
		if err := m.normalization.Check(); err != nil {
			return models{}, err
		}
	}
	return m, nil
}

// detectorNamed is the name of a detector, and that of the one of its files that was
// named; empty for none. It returns NotFound, listing the names, for an unknown one.
func (l *lender) detectorNamed(name string) (detector, file string, err error) {
	entry, err := registry.Find(l.entries, registry.Detector, name)
	if err == nil {
		return entry.Name, "", nil
	}
	for _, entry := range l.entries {
		if file, ok := entry.FileNamed(name); ok && entry.Kind == registry.Detector {
			return entry.Name, file.Name, nil
		}
	}
	return "", "", err
}

// configOf is how to open models.
func (l *lender) configOf(m models) embed.Config {
	cfg := l.cfg
	cfg.Recognizer, cfg.Detector, cfg.Normalization, cfg.Crop = m.recognizer, m.detector, m.normalization, embed.Crop{}
	if m.analyzes {
		return l.says.config(cfg)
	}
	return cfg
}

// outward is an error of opening models as a caller may see it: what is wrong with
// the server's own files goes to the log.
func (l *lender) outward(m models, err error) error {
	switch face.CodeOf(err) {
	case "", face.NotFound, face.Unavailable, face.Invalid:
		return err
	default:
		l.log.Error("models cannot be opened", "recognizer", m.recognizer, "detector", m.detector, "error", err)
		return face.Errorf(face.Unavailable, "%s with the detector %s cannot be used, because a file of theirs is damaged or not what it should be: the server's log tells more",
			m.recognizer, m.detector)
	}
}

// served is an Embedder as requests see it.
type served struct{ *embed.Embedder }

// taking is the Embedder that gives what is wanted, if there is a model for it.
func (s served) taking(want httpapi.Wanted) (*embed.Embedder, error) {
	if want.Liveness && s.Liveness() == "" {
		return nil, errNoLiveness
	}
	return s.Taking(takingOf(want)), nil
}

func takingOf(want httpapi.Wanted) embed.Taking {
	return embed.Taking{MaxFaces: want.MaxFaces, Anyway: want.Anyway, Liveness: want.Liveness}
}

// chosen says which faces of a photograph are wanted.
func chosen(want httpapi.Wanted) face.Choice {
	if want.Prominent {
		return face.Prominent
	}
	return face.AllFaces
}

// Faces is httpapi.Embedder's.
func (s served) Faces(ctx context.Context, photo []byte, want httpapi.Wanted) (face.Photo, error) {
	e, err := s.taking(want)
	if err != nil {
		return face.Photo{}, err
	}
	return e.Embed(ctx, photo, chosen(want))
}

// FacesFed is httpapi.Embedder's.
func (s served) FacesFed(ctx context.Context, photo []byte, want httpapi.Wanted) (face.Photo, httpapi.Fed, error) {
	e, err := s.taking(want)
	if err != nil {
		return face.Photo{}, httpapi.Fed{}, err
	}
	faces, width, height, err := e.Represent(ctx, photo, chosen(want))
	if err != nil {
		return face.Photo{}, httpapi.Fed{}, err
	}
	seen, fed := face.Photo{Width: width, Height: height}, httpapi.Fed{Shape: s.FedShape()}
	for _, f := range faces {
		seen.Templates = append(seen.Templates, f.Template)
		fed.Values = append(fed.Values, f.Fed)
	}
	return seen, fed, nil
}

// Cut is httpapi.Cutter's.
func (s served) Cut(ctx context.Context, photo []byte, want httpapi.Wanted) (httpapi.Cut, error) {
	e, err := s.taking(want)
	if err != nil {
		return httpapi.Cut{}, err
	}
	crops, width, height, err := e.Extract(ctx, photo, chosen(want))
	cut := httpapi.Cut{Width: width, Height: height}
	for _, c := range crops {
		cut.Crops = append(cut.Crops, httpapi.Crop{
			Detection: c.Detection, PNG: c.PNG, Alignment: alignmentOf(c.Placement), Quality: c.Measures.Quality, Liveness: c.Liveness,
		})
	}
	return cut, err
}

var (
	_ httpapi.Embedder = served{}
	_ httpapi.Cutter   = served{}
)
