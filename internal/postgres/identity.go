package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

const selectIdentity = `
	SELECT p.id::text, g.name, p.name,
	       (SELECT count(*) FROM visage.images i WHERE i.gallery_id = p.gallery_id AND i.identity_id = p.id),
	       (SELECT count(*) FROM visage.faces f WHERE f.gallery_id = p.gallery_id AND f.identity_id = p.id),
	       p.created_at
	FROM visage.identities p JOIN visage.galleries g ON g.id = p.gallery_id
	WHERE p.gallery_id = $1`

// Identities returns everyone enrolled in the gallery, by name. It returns
// NotFound for an unknown gallery.
func (d *DB) Identities(ctx context.Context, gallery string) ([]face.Identity, error) {
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return nil, err
	}
	rows, _ := d.pool.Query(ctx, selectIdentity+` ORDER BY p.name`, id)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Identity])
	return found, interpret("postgres.Identities", err)
}

// Identity returns one of a gallery's identities by name, or NotFound.
func (d *DB) Identity(ctx context.Context, gallery, name string) (face.Identity, error) {
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return face.Identity{}, err
	}
	rows, _ := d.on(ctx).Query(ctx, selectIdentity+` AND p.name = $2`, id, face.Readable(name))
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[face.Identity])
	if errors.Is(err, pgx.ErrNoRows) {
		return face.Identity{}, unknownIdentity(gallery, name)
	}
	return found, interpret("postgres.Identity", err)
}

// RenameIdentity gives an identity another name. It returns NotFound for an
// unknown one and Exists where the new name is taken.
func (d *DB) RenameIdentity(ctx context.Context, gallery, from, to string) error {
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return err
	}
	return d.rename(ctx, id, gallery, `name = $2`, face.Readable(from), to, unknownIdentity(gallery, from))
}

// rename gives another name to the identity that a condition on $2 names, or returns
// the error for none.
func (d *DB) rename(ctx context.Context, gallery pgtype.UUID, galleryName, which string, key any, to string, none error) error {
	err := d.inTx(ctx, "postgres.RenameIdentity", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE visage.identities SET name = $3 WHERE gallery_id = $1 AND `+which, gallery, key, face.Readable(to))
		if err == nil && tag.RowsAffected() == 0 {
			return none
		}
		return err
	})
	return named(err, face.Exists, "gallery %q has an identity %q already: merge the two if they are the same person", galleryName, to)
}

// lockIdentities returns the ids of those of the named identities that there
// are, by readable name, and keeps anyone else from changing them.
func lockIdentities(ctx context.Context, tx pgx.Tx, gallery pgtype.UUID, names []string) (map[string]pgtype.UUID, error) {
	const query = `
		SELECT name, id FROM visage.identities
		WHERE gallery_id = $1 AND name = ANY($2) ORDER BY name FOR UPDATE`
	rows, _ := tx.Query(ctx, query, gallery, readable(names))
	return collectIDs(rows)
}

// collectIDs reads rows of a name and an id.
func collectIDs(rows pgx.Rows) (map[string]pgtype.UUID, error) {
	ids := map[string]pgtype.UUID{}
	var name string
	var id pgtype.UUID
	_, err := pgx.ForEachRow(rows, []any{&name, &id}, func() error {
		ids[name] = id
		return nil
	})
	return ids, err
}

// DeleteIdentity erases an identity with its images, faces and templates. It
// returns NotFound for an unknown one.
func (d *DB) DeleteIdentity(ctx context.Context, gallery, name string) error {
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return err
	}
	return d.erase(ctx, id, `name = $2`, face.Readable(name), unknownIdentity(gallery, name))
}

// erase deletes the identity that a condition on $2 names, with all that hangs on
// it, or returns the error for none.
func (d *DB) erase(ctx context.Context, gallery pgtype.UUID, which string, key any, none error) error {
	return d.inTx(ctx, "postgres.DeleteIdentity", func(tx pgx.Tx) error {
		var id pgtype.UUID
		err := tx.QueryRow(ctx, `DELETE FROM visage.identities WHERE gallery_id = $1 AND `+which+` RETURNING id`, gallery, key).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return none
		}
		if err == nil { // merges that were undone have the name of who came back
			_, err = tx.Exec(ctx, `DELETE FROM visage.merges WHERE gallery_id = $1 AND from_id = $2`, gallery, id)
		}
		if err != nil {
			return err
		}
		return forget(ctx, tx, id.String())
	})
}

func unknownIdentity(gallery, name string) error {
	return face.Errorf(face.NotFound, "gallery %q has no identity %q", gallery, name)
}
