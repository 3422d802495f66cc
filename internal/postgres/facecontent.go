package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// TemplateOf returns a face's template in a space. It returns NotFound for an unknown
// face and for one that has none there.
func (d *DB) TemplateOf(ctx context.Context, id string, space face.Space) (face.Template, error) {
	const query = `
		SELECT e.embedding FROM visage.embeddings e JOIN visage.spaces s ON s.id = e.space_id WHERE e.face_id = $1 AND s.name = $2`
	key, err := readID("face", id)
	if err != nil {
		return face.Template{}, err
	}
	var vector pgvector.Vector
	err = d.pool.QueryRow(ctx, query, key, space.Name()).Scan(&vector)
	if errors.Is(err, pgx.ErrNoRows) {
		return face.Template{}, face.Errorf(face.NotFound, "there is no face %s with a template in space %s", id, space.Name())
	}
	return face.Template{Space: space, Vector: vector.Slice()}, interpret("postgres.TemplateOf", err)
}

// Crop returns the picture that is kept of a face, a JPEG file. It returns NotFound
// for an unknown face, and where none is kept.
func (d *DB) Crop(ctx context.Context, id string) ([]byte, error) {
	key, err := readID("face", id)
	if err != nil {
		return nil, err
	}
	var jpeg []byte
	err = d.pool.QueryRow(ctx, `SELECT c.jpeg FROM visage.faces f LEFT JOIN visage.crops c ON c.face_id = f.id WHERE f.id = $1`, key).Scan(&jpeg)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, unknownFace(id)
	case err == nil && jpeg == nil:
		return nil, face.Errorf(face.NotFound, "no picture of face %s is kept: they are only where the server is told to keep them (serve --keep-crops) when a face is enrolled", id)
	}
	return jpeg, interpret("postgres.Crop", err)
}
