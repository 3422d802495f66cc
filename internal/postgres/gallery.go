package postgres

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// CreateGallery makes an empty gallery. It returns Exists for a name that is
// taken and Invalid for an empty one or one above 1,024 bytes.
func (d *DB) CreateGallery(ctx context.Context, name string) error {
	const op = "postgres.CreateGallery"
	_, err := d.pool.Exec(ctx, `INSERT INTO visage.galleries (name) VALUES ($1)`, face.Readable(name))
	return named(interpret(op, err), face.Exists, "gallery %q exists already", name)
}

// Galleries returns all galleries with what they hold, by name.
func (d *DB) Galleries(ctx context.Context) ([]face.Gallery, error) {
	const query = `
		SELECT g.name,
		       (SELECT count(*) FROM visage.identities p WHERE p.gallery_id = g.id),
		       (SELECT count(*) FROM visage.images i WHERE i.gallery_id = g.id),
		       (SELECT count(*) FROM visage.faces f WHERE f.gallery_id = g.id),
		       g.created_at
		FROM visage.galleries g ORDER BY g.name`
	rows, _ := d.pool.Query(ctx, query)
	galleries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Gallery])
	return galleries, interpret("postgres.Galleries", err)
}

// DeleteGallery erases a gallery with everyone enrolled in it. It returns
// NotFound for an unknown one.
func (d *DB) DeleteGallery(ctx context.Context, name string) error {
	tag, err := d.pool.Exec(ctx, `DELETE FROM visage.galleries WHERE name = $1`, face.Readable(name))
	if err == nil && tag.RowsAffected() == 0 {
		return d.unknownGallery(ctx, name)
	}
	return interpret("postgres.DeleteGallery", err)
}

// galleryID returns the id of a gallery, or NotFound.
func (d *DB) galleryID(ctx context.Context, name string) (pgtype.UUID, error) {
	var id pgtype.UUID
	err := d.pool.QueryRow(ctx, `SELECT id FROM visage.galleries WHERE name = $1`, face.Readable(name)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, d.unknownGallery(ctx, name)
	}
	return id, interpret("postgres.galleryID", err)
}

// unknownGallery is the error that names the galleries that there are.
func (d *DB) unknownGallery(ctx context.Context, name string) error {
	known, err := d.names(ctx, `SELECT name FROM visage.galleries ORDER BY name LIMIT $1`)
	if err != nil {
		return err
	}
	return face.Errorf(face.NotFound, "unknown gallery %q: %s", name, known)
}

// unknownSpace is the error that names the spaces that there are.
func (d *DB) unknownSpace(ctx context.Context, name string) error {
	known, err := d.names(ctx, `SELECT name FROM visage.spaces ORDER BY name LIMIT $1`)
	if err != nil {
		return err
	}
	return face.Errorf(face.NotFound, "nothing was ever enrolled in space %q (visage ingest does it): %s", name, known)
}

// namesShown bounds how many names an error message lists.
const namesShown = 20

// names lists what there is, for a message.
func (d *DB) names(ctx context.Context, query string) (string, error) {
	rows, _ := d.pool.Query(ctx, query, namesShown)
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil:
		return "", interpret("postgres.names", err)
	case len(known) == 0:
		return "there is none yet", nil
	case len(known) == namesShown:
		return "there are " + strings.Join(known, ", ") + " and perhaps more", nil
	default:
		return "there is " + strings.Join(known, ", "), nil
	}
}

// named gives an error of the given code a message that names what it is
// about; other errors stay as they are.
func named(err error, code face.Code, format string, args ...any) error {
	if err != nil && face.CodeOf(err) == code {
		return face.Wrap(code, err, format, args...)
	}
	return err
}
