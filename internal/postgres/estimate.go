package postgres

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// attributesText is what visage.faces has of a face's attributes; nil for none.
func attributesText(said map[face.Attribute]face.Estimate) ([]byte, error) {
	if len(said) == 0 {
		return nil, nil
	}
	return json.Marshal(said)
}

// estimates are attributes of faces that are there already, such as those of another
// space.
type estimates struct {
	faces []pgtype.UUID
	texts []string
}

func (e *estimates) add(id pgtype.UUID, said map[face.Attribute]face.Estimate) error {
	text, err := attributesText(said)
	if err == nil && text != nil {
		e.faces, e.texts = append(e.faces, id), append(e.texts, string(text))
	}
	return err
}

// store adds them to what is known of the faces; of one attribute the last counts.
func (e *estimates) store(ctx context.Context, tx pgx.Tx) error {
	const query = `
		UPDATE visage.faces f SET attributes = coalesce(f.attributes, '{}') || n.said::jsonb
		FROM unnest($1::uuid[], $2::text[]) AS n (id, said)
		WHERE f.id = n.id AND f.attributes IS DISTINCT FROM coalesce(f.attributes, '{}') || n.said::jsonb`
	if len(e.faces) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, query, e.faces, e.texts)
	return err
}
