package embed

import (
	"context"
	"errors"
	"slices"

	"github.com/visagedb/visage/embed/attribute"
	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

// openPoints opens the model of landmarks that the Config names, if it names one.
func (e *Embedder) openPoints(cfg Config) error {
	if cfg.Landmarks == "" {
		return nil
	}
	entry, file, err := pointsModel(cfg)
	if err != nil {
		return err
	}
	session, err := e.session(cfg, entry, file)
	if err != nil {
		return err
	}
	head, _ := entry.Head(registry.Landmarks)
	if e.points, err = attribute.OpenPoints(context.Background(), session, attributeConfig(entry, nil), head.Points); err != nil {
		return errors.Join(face.Wrap(face.Mismatch, err, "model of landmarks %s", entry.Name), session.Close())
	}
	return nil
}

func pointsModel(cfg Config) (registry.Entry, registry.File, error) {
	if cfg.Landmarks == Auto {
		return attributeModel(cfg.Store, registry.Landmarks, nil, face.Native)
	}
	entry, err := registry.Find(cfg.Store.Entries(), registry.Attribute, cfg.Landmarks)
	if err != nil {
		return entry, registry.File{}, err
	}
	if _, ok := entry.Head(registry.Landmarks); !ok {
		return entry, registry.File{}, face.Errorf(face.Invalid, "%s finds no landmarks: name a model that does, or none", entry.Name)
	}
	file, _, err := cfg.Store.Installed(entry)
	return entry, file, err
}

// point finds the points of faces that were found in a photograph, in its pixels; nil
// for each where the Embedder was opened without a model of landmarks.
func (e *Embedder) point(ctx context.Context, data []byte, found []face.Detection) (_ []face.Landmarks, err error) {
	if e.points == nil || len(found) == 0 {
		return make([]face.Landmarks, len(found)), nil
	}
	p, err := e.decode(data, whole)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	var out []face.Landmarks
	for some := range slices.Chunk(found, chunk) {
		points, err := e.pointSome(ctx, p, some)
		if err != nil {
			return nil, internal(ctx, err, "find landmarks")
		}
		out = append(out, points...)
	}
	return out, nil
}

func (e *Embedder) pointSome(ctx context.Context, p *picture, found []face.Detection) ([]face.Landmarks, error) {
	faces := make([]classify.Face, len(found))
	for i, d := range found {
		faces[i] = classify.Face{Picture: p.image, Frame: p.image.Bounds(), Box: d.Box}
	}
	return e.points.Find(ctx, faces)
}
