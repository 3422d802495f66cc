package postgres

import (
	"context"
	"encoding/json"
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
	err := d.inTx(ctx, op, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO visage.galleries (name) VALUES ($1)`, face.Readable(name))
		return err
	})
	return named(err, face.Exists, "gallery %q exists already", name)
}

const selectGallery = `
	SELECT g.name,
	       (SELECT count(*) FROM visage.identities p WHERE p.gallery_id = g.id),
	       (SELECT count(*) FROM visage.images i WHERE i.gallery_id = g.id),
	       (SELECT count(*) FROM visage.faces f WHERE f.gallery_id = g.id),
	       g.created_at
	FROM visage.galleries g`

// Gallery returns a gallery with what it holds, or NotFound.
func (d *DB) Gallery(ctx context.Context, name string) (face.Gallery, error) {
	rows, _ := d.on(ctx).Query(ctx, selectGallery+` WHERE g.name = $1`, face.Readable(name))
	gallery, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[face.Gallery])
	if errors.Is(err, pgx.ErrNoRows) {
		return gallery, d.unknownGallery(ctx, name)
	}
	return gallery, interpret("postgres.Gallery", err)
}

// GalleryPage returns a part of the galleries, in the order of their names' bytes,
// and the cursor of the next part; empty where there is none. It returns Invalid for
// a limit out of range and a cursor that is none.
func (d *DB) GalleryPage(ctx context.Context, page face.Page) ([]face.Gallery, string, error) {
	const query = selectGallery + ` WHERE g.name COLLATE "C" > $1 AND starts_with(g.name, $2)
		AND ($4::text[] IS NULL OR g.name = ANY ($4)) ORDER BY g.name COLLATE "C" LIMIT $3`
	after, err := startOf(page, 1)
	if err != nil {
		return nil, "", err
	}
	rows, _ := d.pool.Query(ctx, query, after[0], face.Readable(page.Prefix), page.Limit+1, page.Among)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Gallery])
	found, next := cut(found, page, func(g face.Gallery) []string { return []string{g.Name} })
	return found, next, interpret("postgres.GalleryPage", err)
}

// Galleries returns all galleries with what they hold, by name.
func (d *DB) Galleries(ctx context.Context) ([]face.Gallery, error) {
	rows, _ := d.pool.Query(ctx, selectGallery+` ORDER BY g.name`)
	galleries, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Gallery])
	return galleries, interpret("postgres.Galleries", err)
}

// DeleteGallery erases a gallery with everyone enrolled in it. It returns
// NotFound for an unknown one.
func (d *DB) DeleteGallery(ctx context.Context, name string) error {
	found := false
	err := d.inTx(ctx, "postgres.DeleteGallery", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM visage.galleries WHERE name = $1`, face.Readable(name))
		found = tag.RowsAffected() > 0
		if err != nil || !found {
			return err
		}
		quoted, err := json.Marshal(face.Readable(name))
		if err != nil {
			return err
		}
		if err := forget(ctx, tx, `"gallery":`+string(quoted)); err != nil {
			return err
		}
		return forget(ctx, tx, `{"name":`+string(quoted)) // what its creation was answered
	})
	if err == nil && !found {
		return d.unknownGallery(ctx, name)
	}
	return err
}

// galleryID returns the id of a gallery, or NotFound.
func (d *DB) galleryID(ctx context.Context, name string) (pgtype.UUID, error) {
	var id pgtype.UUID
	err := d.on(ctx).QueryRow(ctx, `SELECT id FROM visage.galleries WHERE name = $1`, face.Readable(name)).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, d.unknownGallery(ctx, name)
	}
	return id, interpret("postgres.galleryID", err)
}

// unknownGallery is the error that names the galleries that there are. They stand in
// its cause, which the service keeps to itself: a key for one gallery is not told of
// the others.
func (d *DB) unknownGallery(ctx context.Context, name string) error {
	known, err := d.names(ctx, `SELECT name FROM visage.galleries ORDER BY name LIMIT $1`)
	if err != nil {
		return err
	}
	return face.Wrap(face.NotFound, errors.New(known), "unknown gallery %q", name)
}

// unknownSpace is the error that names the spaces that there are.
func (d *DB) unknownSpace(ctx context.Context, name string) error {
	known, err := d.names(ctx, `SELECT name FROM visage.spaces ORDER BY name LIMIT $1`)
	if err != nil {
		return err
	}
	return face.Errorf(face.NotFound, "nothing was ever enrolled in space %q (visage ingest with the same model, detector and profile does it): %s", name, known)
}

// namesShown bounds how many names an error message lists.
const namesShown = 20

// names lists what there is, for a message.
func (d *DB) names(ctx context.Context, query string) (string, error) {
	rows, _ := d.on(ctx).Query(ctx, query, namesShown)
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
