package main

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"strings"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
)

var (
	_ httpapi.ResourceStore = (*postgres.DB)(nil)
	_ httpapi.Catalog       = catalog{}
	_ httpapi.Crops         = cutter{}
)

// resourcesOf joins what the routes below /v1 work on.
func resourcesOf(db *postgres.DB, store *registry.Store, jobs *intake) httpapi.Resources {
	return httpapi.Resources{Store: db, Catalog: catalog{store}, Jobs: jobs, Indexes: indexes{db, catalog{store}}}
}

// catalog is httpapi.Catalog over the registry.
type catalog struct{ store *registry.Store }

// model is a model as other machines may know it: without the server's paths.
type model struct {
	Name        string        `json:"name"`
	Kind        registry.Kind `json:"kind"`
	Summary     string        `json:"summary"`
	Aliases     []string      `json:"aliases,omitempty"`
	Installed   bool          `json:"installed"`
	Default     bool          `json:"default"`
	BuiltIn     bool          `json:"built_in"`
	Licence     string        `json:"licence"`
	Commercial  string        `json:"commercial"`
	Source      string        `json:"source,omitempty"`
	Dimensions  int           `json:"dim,omitempty"`
	Bytes       int64         `json:"bytes,omitempty"`
	Unavailable string        `json:"problem,omitempty"`
}

// Models is httpapi.Catalog's.
func (c catalog) Models(context.Context) (any, error) {
	all, err := list(c.store, "")
	if err != nil {
		return nil, err
	}
	models := make([]model, len(all))
	for i, l := range all {
		models[i] = model{
			Name: l.Name, Kind: l.Kind, Summary: l.Summary, Aliases: l.Aliases, Installed: l.Installed, Default: l.Default, BuiltIn: l.BuiltIn,
			Licence: l.Licence, Commercial: l.Commercial, Source: l.Source, Bytes: l.Bytes,
		}
		if l.Recognition != nil {
			models[i].Dimensions = l.Recognition.Dim
		}
		if l.Problem != "" {
			models[i].Unavailable = "the installed file is damaged: visage models verify tells more"
		}
	}
	return models, nil
}

// Thresholds is httpapi.Catalog's.
func (c catalog) Thresholds(space face.Space) (face.Thresholds, error) {
	profile, _, _ := strings.Cut(string(space.Profile), "+")
	for _, e := range c.store.Entries() {
		if e.Kind != registry.Recognizer || e.Name != space.Recognizer {
			continue
		}
		if r := e.Recognition; profile == string(face.DeepFace) && r.DeepFace != nil {
			return r.DeepFace.Thresholds, nil
		} else if r.Native != nil {
			return r.Native.Thresholds, nil
		}
	}
	return nil, nil
}

// cutter cuts faces out of photographs by the server's own Embedder.
type cutter struct{ models *lender }

const (
	// around is how much of what is around a face its picture shows, as a share of
	// the box's sides, on each side.
	around = 0.2
	// cropQuality is that of the JPEG files.
	cropQuality = 90
)

// Crops is httpapi.Crops'.
func (c cutter) Crops(ctx context.Context, photo []byte, boxes []face.Box) ([][]byte, error) {
	e, giveBack, err := c.models.embedder(ctx, httpapi.Choice{})
	if err != nil {
		return nil, err
	}
	defer giveBack()
	picture, err := e.Picture(photo)
	if err != nil {
		return nil, err
	}
	crops := make([][]byte, len(boxes))
	for i, box := range boxes {
		if crops[i], err = jpegOf(picture, box); err != nil {
			return nil, err
		}
	}
	return crops, nil
}

func jpegOf(picture *image.RGBA, box face.Box) ([]byte, error) {
	w, h := around*box.Width(), around*box.Height()
	wide := face.Box{X1: box.X1 - w, Y1: box.Y1 - h, X2: box.X2 + w, Y2: box.Y2 + h}.Clip(picture.Rect.Dx(), picture.Rect.Dy())
	part := picture.SubImage(image.Rect(int(wide.X1), int(wide.Y1), int(wide.X2+0.5), int(wide.Y2+0.5)))
	var file bytes.Buffer
	if err := jpeg.Encode(&file, part, &jpeg.Options{Quality: cropQuality}); err != nil {
		return nil, face.Wrap(face.Internal, err, "write a crop")
	}
	return file.Bytes(), nil
}

// embedder is Lend for what needs all of an Embedder.
func (l *lender) embedder(ctx context.Context, c httpapi.Choice) (*embed.Embedder, func(), error) {
	lent, giveBack, err := l.Lend(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	return lent.(served).Embedder, giveBack, nil
}
