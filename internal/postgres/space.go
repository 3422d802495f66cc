package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// EnsureSpace makes the space known to the database, with a table for its
// templates and, up to 4,000 dimensions, an index, unless it is. Programs may do so at once. It returns
// Mismatch where another space has its name, and Invalid for one without
// recogniser, profile, weights' hash or a dimension from 1 to 16,000.
func (d *DB) EnsureSpace(ctx context.Context, space face.Space) error {
	_, err := d.spaceID(ctx, space)
	return err
}

// spaceID returns the id of a space, which it makes if need be.
func (d *DB) spaceID(ctx context.Context, space face.Space) (int32, error) {
	const op = "postgres.EnsureSpace"
	const find = `
		SELECT id FROM visage.spaces
		WHERE name = $1 AND recognizer = $2 AND weights = $3 AND profile = $4 AND detector = $5 AND dim = $6 AND unit = $7`
	const add = `SELECT visage.add_space($1, $2, $3, $4, $5, $6, $7)`
	args := []any{
		space.Name(), space.Recognizer, space.Weights, string(space.Profile), space.Detector, space.Dim, space.Unit,
	}
	var id int32
	err := d.on(ctx).QueryRow(ctx, find, args...).Scan(&id)
	if !errors.Is(err, pgx.ErrNoRows) {
		return id, interpret(op, err)
	}
	err = d.inTx(ctx, op, func(tx pgx.Tx) error { return tx.QueryRow(ctx, add, args...).Scan(&id) })
	return id, err
}

// Spaces returns the spaces that the database knows, by name.
func (d *DB) Spaces(ctx context.Context) ([]face.Space, error) {
	const query = `SELECT recognizer, weights, profile, detector, dim, unit FROM visage.spaces ORDER BY name`
	rows, _ := d.pool.Query(ctx, query)
	spaces, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Space])
	return spaces, interpret("postgres.Spaces", err)
}

// Unindexed returns, by name, the spaces that have no index that can be used: those
// into which an import runs, or was cut short, and those whose index was dropped. Of
// those with so many dimensions that they begin without one, only such as have more
// templates than are searched exactly anyway.
func (d *DB) Unindexed(ctx context.Context) ([]face.Space, error) {
	const query = `
		SELECT recognizer, weights, profile, detector, dim, unit FROM visage.spaces s
		WHERE NOT EXISTS (
			SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
			JOIN pg_opclass o ON o.oid = i.indclass[0]
			WHERE i.indrelid = to_regclass('visage.embeddings_' || s.id) AND i.indisvalid AND a.amname = 'hnsw' AND o.opcname IN (` + cosineClasses + `))
		AND (dim <= $1 OR (SELECT count(*) FROM (SELECT FROM visage.embeddings e WHERE e.space_id = s.id LIMIT $2 + 1) few) > $2)
		ORDER BY name`
	rows, _ := d.pool.Query(ctx, query, mostIndexed, exactRows)
	spaces, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Space])
	return spaces, interpret("postgres.Unindexed", err)
}
