package main

import (
	"bytes"
	"context"
	"image/jpeg"

	"github.com/visagedb/visage/internal/facedraw"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
)

// checks are what /readyz tries: the schema is read, and a face that is drawn here is
// recognised by the service's own models.
func checks(db *postgres.DB, models httpapi.Models) ([]httpapi.Check, error) {
	var photo bytes.Buffer
	sample := facedraw.Samples(1, 1, 0)[0]
	if err := jpeg.Encode(&photo, sample.Draw(sample.Enrolled[0]), nil); err != nil {
		return nil, err
	}
	infer := func(ctx context.Context) error {
		e, giveBack, err := models.Lend(ctx, httpapi.Choice{})
		if err != nil {
			return err
		}
		defer giveBack()
		_, err = e.Faces(ctx, photo.Bytes(), httpapi.Wanted{MaxFaces: 1, Anyway: true})
		return err
	}
	return []httpapi.Check{{Name: "database", Try: db.RequireSchema}, {Name: "models", Try: infer}}, nil
}
