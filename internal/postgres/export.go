package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// Space returns a space by its name, or NotFound. What was found once is remembered: a
// name says all of its space, and no space is ever taken away.
func (d *DB) Space(ctx context.Context, name string) (face.Space, error) {
	if known, ok := d.spaces.Load(name); ok {
		return known.(face.Space), nil
	}
	const query = `SELECT recognizer, weights, profile, detector, dim, unit FROM visage.spaces WHERE name = $1`
	rows, _ := d.pool.Query(ctx, query, name)
	space, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[face.Space])
	if errors.Is(err, pgx.ErrNoRows) {
		return space, d.unknownSpace(ctx, name)
	}
	if err != nil {
		return space, interpret("postgres.Space", err)
	}
	d.spaces.Store(name, space)
	return space, nil
}

// Export calls fn with each template of a gallery in a space, as they come from
// the server, none kept in memory. Images that gave several are told apart by a
// number: "group.jpg", "group.jpg#2". It returns NotFound for an unknown gallery
// or space, and fn's error, which ends it.
func (d *DB) Export(ctx context.Context, gallery string, space face.Space, fn func(face.Record) error) error {
	// The window sorts without the vectors, which would not fit in memory.
	const query = `
		SELECT coalesce(p.name, ''), CASE WHEN n.nth = 1 THEN i.path ELSE i.path || '#' || n.nth END, e.embedding
		FROM (SELECT f.id, f.image_id, f.identity_id, row_number() OVER (PARTITION BY f.image_id ORDER BY f.id) AS nth
		      FROM visage.faces f JOIN visage.embeddings k ON k.space_id = $2 AND k.face_id = f.id
		      WHERE f.gallery_id = $1) n
		JOIN visage.embeddings e ON e.space_id = $2 AND e.face_id = n.id
		JOIN visage.images i ON i.id = n.image_id
		LEFT JOIN visage.identities p ON p.id = n.identity_id`
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return err
	}
	if _, err := d.Space(ctx, space.Name()); err != nil {
		return err
	}
	spaceID, err := d.spaceID(ctx, space)
	if err != nil {
		return err
	}
	rows, _ := d.pool.Query(ctx, query, id, spaceID)
	var r face.Record
	var vector pgvector.Vector
	_, err = pgx.ForEachRow(rows, []any{&r.Identity, &r.Image, &vector}, func() error {
		r.Vector = vector.Slice()
		return fn(r)
	})
	return interpret("postgres.Export", err)
}
