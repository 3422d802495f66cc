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
	rows, _ := d.pool.Query(ctx, selectIdentity+` AND p.name = $2`, id, face.Readable(name))
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
	const query = `UPDATE visage.identities SET name = $3 WHERE gallery_id = $1 AND name = $2`
	tag, err := d.pool.Exec(ctx, query, id, face.Readable(from), face.Readable(to))
	if err == nil && tag.RowsAffected() == 0 {
		return unknownIdentity(gallery, from)
	}
	return named(interpret("postgres.RenameIdentity", err), face.Exists,
		"gallery %q has an identity %q already: merge the two if they are the same person", gallery, to)
}

// MergeIdentities makes all images and faces of one identity those of another
// and removes the first. It returns NotFound where one of them is unknown and
// Invalid where both are the same.
func (d *DB) MergeIdentities(ctx context.Context, gallery, from, into string) error {
	if face.Readable(from) == face.Readable(into) {
		return face.Errorf(face.Invalid, "identity %q cannot be merged into itself", from)
	}
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return err
	}
	return d.inTx(ctx, "postgres.MergeIdentities", func(tx pgx.Tx) error {
		ids, err := lockIdentities(ctx, tx, id, []string{from, into})
		if err != nil {
			return err
		}
		for _, name := range []string{from, into} {
			if _, known := ids[face.Readable(name)]; !known {
				return unknownIdentity(gallery, name)
			}
		}
		for _, query := range []string{
			`UPDATE visage.images SET identity_id = $3 WHERE gallery_id = $1 AND identity_id = $2`,
			`UPDATE visage.faces SET identity_id = $3 WHERE gallery_id = $1 AND identity_id = $2`,
			`DELETE FROM visage.identities WHERE gallery_id = $1 AND id = $2 AND id <> $3`,
		} {
			if _, err := tx.Exec(ctx, query, id, ids[face.Readable(from)], ids[face.Readable(into)]); err != nil {
				return err
			}
		}
		return nil
	})
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
	return d.inTx(ctx, "postgres.DeleteIdentity", func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM visage.identities WHERE gallery_id = $1 AND name = $2`, id, face.Readable(name))
		if err == nil && tag.RowsAffected() == 0 {
			return unknownIdentity(gallery, name)
		}
		return err
	})
}

func unknownIdentity(gallery, name string) error {
	return face.Errorf(face.NotFound, "gallery %q has no identity %q", gallery, name)
}
