package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// MergeIdentities makes all images and faces of one identity those of another
// and removes the first. It returns NotFound where one of them is unknown and
// Invalid where both are the same. What it did is recorded, under the UUID returned; see
// UndoMerge.
func (d *DB) MergeIdentities(ctx context.Context, gallery, from, into string) (record string, err error) {
	if face.Readable(from) == face.Readable(into) {
		return "", face.Errorf(face.Invalid, "identity %q cannot be merged into itself", from)
	}
	id, err := d.galleryID(ctx, gallery)
	if err != nil {
		return "", err
	}
	var done pgtype.UUID
	err = d.inTx(ctx, "postgres.MergeIdentities", func(tx pgx.Tx) error {
		ids, err := lockIdentities(ctx, tx, id, []string{from, into})
		if err != nil {
			return err
		}
		for _, name := range []string{from, into} {
			if _, known := ids[face.Readable(name)]; !known {
				return unknownIdentity(gallery, name)
			}
		}
		done, err = merge(ctx, tx, id, ids[face.Readable(from)], ids[face.Readable(into)])
		return err
	})
	if err != nil {
		return "", err
	}
	return done.String(), nil
}

// Merge is MergeIdentities for UUIDs. It returns the record of what it did.
func (d *DB) Merge(ctx context.Context, gallery, from, into string) (face.Merge, error) {
	in, fromKey, err := d.identityKey(ctx, gallery, from)
	if err != nil {
		return face.Merge{}, err
	}
	intoKey, err := readID("identity", into)
	if err != nil {
		return face.Merge{}, err
	}
	if fromKey == intoKey {
		return face.Merge{}, face.Errorf(face.Invalid, "identity %s cannot be merged into itself", from)
	}
	const lock = `SELECT id FROM visage.identities WHERE gallery_id = $1 AND id = ANY($2) ORDER BY name FOR UPDATE`
	var done pgtype.UUID
	err = d.inTx(ctx, "postgres.Merge", func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, lock, in, []pgtype.UUID{fromKey, intoKey})
		there, err := pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
		if err != nil {
			return err
		}
		for _, id := range []pgtype.UUID{fromKey, intoKey} {
			if len(there) < 2 && (len(there) == 0 || there[0] != id) {
				return unknownID(gallery, id.String())
			}
		}
		done, err = merge(ctx, tx, in, fromKey, intoKey)
		return err
	})
	if err != nil {
		return face.Merge{}, err
	}
	return d.MergeByID(ctx, done.String())
}

// merge moves everything, with both identities locked, and records it. Earlier
// merges into the one that goes are carried along: who has their rows now is the
// other.
func merge(ctx context.Context, tx pgx.Tx, gallery, from, into pgtype.UUID) (id pgtype.UUID, err error) {
	const record = `
		INSERT INTO visage.merges (gallery_id, into_id, from_id, from_name, from_created_at, images, faces, carried)
		SELECT $1, $3, p.id, p.name, p.created_at, 0, 0,
		       ARRAY(SELECT m.id FROM visage.merges m WHERE m.gallery_id = $1 AND m.into_id = $2)
		FROM visage.identities p WHERE p.gallery_id = $1 AND p.id = $2
		RETURNING id`
	const images = `
		WITH moved AS (UPDATE visage.images SET identity_id = $3 WHERE gallery_id = $1 AND identity_id = $2 RETURNING id)
		INSERT INTO visage.merge_images SELECT $4, id FROM moved`
	const faces = `
		WITH moved AS (UPDATE visage.faces SET identity_id = $3 WHERE gallery_id = $1 AND identity_id = $2 RETURNING id)
		INSERT INTO visage.merge_faces SELECT $4, id FROM moved`
	if err = tx.QueryRow(ctx, record, gallery, from, into).Scan(&id); err != nil {
		return id, err
	}
	var moved [2]int64
	for i, query := range [...]string{images, faces} {
		tag, err := tx.Exec(ctx, query, gallery, from, into, id)
		if err != nil {
			return id, err
		}
		moved[i] = tag.RowsAffected()
	}
	var rest pgx.Batch
	rest.Queue(`UPDATE visage.merges SET images = $2, faces = $3 WHERE id = $1`, id, moved[0], moved[1])
	rest.Queue(`UPDATE visage.merges SET into_id = $3 WHERE gallery_id = $1 AND into_id = $2`, gallery, from, into)
	rest.Queue(`DELETE FROM visage.identities WHERE gallery_id = $1 AND id = $2`, gallery, from)
	return id, tx.SendBatch(ctx, &rest).Close()
}

const selectMerge = `
	SELECT m.id::text, g.name, m.from_name, m.from_id::text, p.name, p.id::text, m.images, m.faces, m.created_at, m.undone_at
	FROM visage.merges m JOIN visage.galleries g ON g.id = m.gallery_id JOIN visage.identities p ON p.id = m.into_id`

// MergeByID returns the record of a merge, or NotFound; it is not found either once
// the identity that has what was moved is erased.
func (d *DB) MergeByID(ctx context.Context, id string) (face.Merge, error) {
	key, err := readID("merge", id)
	if err != nil {
		return face.Merge{}, err
	}
	rows, _ := d.on(ctx).Query(ctx, selectMerge+` WHERE m.id = $1`, key)
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[face.Merge])
	if errors.Is(err, pgx.ErrNoRows) {
		return found, unknownMerge(id)
	}
	return found, interpret("postgres.MergeByID", err)
}

func unknownMerge(id string) error {
	return face.Errorf(face.NotFound, "there is no merge %s: perhaps the identity was erased that has what it moved", id)
}
