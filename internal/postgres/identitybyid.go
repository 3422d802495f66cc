package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// CreateIdentity makes an identity without photographs. It returns NotFound for an
// unknown gallery, Exists for a name that is taken and Invalid for an empty one or
// one above 1,024 bytes.
func (d *DB) CreateIdentity(ctx context.Context, gallery, name string) (face.Identity, error) {
	const query = `INSERT INTO visage.identities (gallery_id, name) VALUES ($1, $2)`
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return face.Identity{}, err
	}
	err = d.inTx(ctx, "postgres.CreateIdentity", func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, query, id, face.Readable(name))
		return err
	})
	if err != nil {
		return face.Identity{}, named(err, face.Exists, "gallery %q has an identity %q already", gallery, name)
	}
	return d.Identity(ctx, gallery, name)
}

// IdentityPage returns a part of a gallery's identities, in the order of their names'
// bytes, and the cursor of the next part; empty where there is none. What is added or
// removed meanwhile moves nobody to another part. It returns NotFound for an unknown
// gallery, and Invalid for a limit out of range and a cursor that is none.
func (d *DB) IdentityPage(ctx context.Context, gallery string, page face.Page) ([]face.Identity, string, error) {
	const query = selectIdentity + ` AND (p.name COLLATE "C", p.id::text) > ($2, $3) AND starts_with(p.name COLLATE "C", $4)
		ORDER BY p.name COLLATE "C", p.id LIMIT $5`
	after, err := startOf(page, 2)
	if err != nil {
		return nil, "", err
	}
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return nil, "", err
	}
	rows, _ := d.pool.Query(ctx, query, id, after[0], after[1], face.Readable(page.Prefix), page.Limit+1)
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Identity])
	found, next := cut(found, page, func(p face.Identity) []string { return []string{p.Name, p.ID} })
	return found, next, interpret("postgres.IdentityPage", err)
}

// IdentityByID returns one of a gallery's identities by its UUID, or NotFound.
func (d *DB) IdentityByID(ctx context.Context, gallery, id string) (face.Identity, error) {
	in, key, err := d.identityKey(ctx, gallery, id)
	if err != nil {
		return face.Identity{}, err
	}
	rows, _ := d.on(ctx).Query(ctx, selectIdentity+` AND p.id = $2`, in, key)
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[face.Identity])
	if errors.Is(err, pgx.ErrNoRows) {
		return face.Identity{}, unknownID(gallery, id)
	}
	return found, interpret("postgres.IdentityByID", err)
}

// RenameIdentityByID is RenameIdentity for a UUID.
func (d *DB) RenameIdentityByID(ctx context.Context, gallery, id, to string) error {
	in, key, err := d.identityKey(ctx, gallery, id)
	if err != nil {
		return err
	}
	return d.rename(ctx, in, gallery, `id = $2`, key, to, unknownID(gallery, id))
}

// DeleteIdentityByID is DeleteIdentity for a UUID.
func (d *DB) DeleteIdentityByID(ctx context.Context, gallery, id string) error {
	in, key, err := d.identityKey(ctx, gallery, id)
	if err != nil {
		return err
	}
	return d.erase(ctx, in, `id = $2`, key, unknownID(gallery, id))
}

// identityKey looks the gallery up and reads the UUID.
func (d *DB) identityKey(ctx context.Context, gallery, id string) (in, key pgtype.UUID, err error) {
	in, err = d.galleryID(ctx, gallery)
	if err == nil {
		key, err = readID("identity", id)
	}
	return in, key, err
}

// readID reads a UUID. It returns NotFound for what is none: nothing has it.
func readID(kind, text string) (id pgtype.UUID, err error) {
	if len(text) != 36 || id.Scan(text) != nil {
		return id, face.Errorf(face.NotFound, "there is no %s %q: an id is a UUID", kind, face.Readable(text))
	}
	return id, nil
}

func unknownID(gallery, id string) error {
	return face.Errorf(face.NotFound, "gallery %q has no identity of the id %s", gallery, id)
}
