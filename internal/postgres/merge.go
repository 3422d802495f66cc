package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// MergeIdentities makes all images and faces of one identity those of another
// and removes the first. It returns NotFound where one of them is unknown and
// Invalid where both are the same. What it did is recorded; see UndoMerge.
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
		_, err = merge(ctx, tx, id, ids[face.Readable(from)], ids[face.Readable(into)])
		return err
	})
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

// UndoMerge brings the identity of a merge back, under its id and its name, with
// those of the photographs and faces that the merge moved which are still where it
// brought them, and the faces that were found in such photographs since. What was
// moved elsewhere meanwhile, or erased, stays so.
//
// It returns NotFound for an unknown merge, and Conflict where it is undone already,
// where another identity has the name, and where nothing that it moved is still
// there.
func (d *DB) UndoMerge(ctx context.Context, id string) (face.Merge, error) {
	key, err := readID("merge", id)
	if err != nil {
		return face.Merge{}, err
	}
	err = d.inTx(ctx, "postgres.UndoMerge", func(tx pgx.Tx) error {
		m, err := standing(ctx, tx, key)
		if err != nil {
			return err
		}
		return m.undo(ctx, tx)
	})
	if err != nil {
		return face.Merge{}, err
	}
	return d.MergeByID(ctx, id)
}

// merged is a merge that stands, locked with the identity that has its rows.
type merged struct {
	id, gallery, into, from pgtype.UUID
	name                    string
	created                 time.Time
	rows                    int // that were moved
}

// standing locks a merge. The identity comes first, as when identities are merged.
func standing(ctx context.Context, tx pgx.Tx, id pgtype.UUID) (m merged, err error) {
	const identity = `SELECT p.id FROM visage.identities p JOIN visage.merges m ON m.into_id = p.id WHERE m.id = $1 FOR UPDATE OF p`
	const query = `
		SELECT id, gallery_id, into_id, from_id, from_name, from_created_at, images + faces, undone_at
		FROM visage.merges WHERE id = $1 FOR UPDATE`
	var into pgtype.UUID
	var undone *time.Time
	if err = tx.QueryRow(ctx, identity, id).Scan(&into); err == nil {
		err = tx.QueryRow(ctx, query, id).Scan(&m.id, &m.gallery, &m.into, &m.from, &m.name, &m.created, &m.rows, &undone)
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return m, unknownMerge(id.String())
	case err != nil:
		return m, err
	case m.into != into: // it was merged further while the lock was waited for
		return m, errOvertaken
	case undone != nil:
		return m, face.Errorf(face.Conflict, "the merge was undone at %s", undone.UTC().Format(time.RFC3339))
	}
	return m, nil
}

func (m merged) undo(ctx context.Context, tx pgx.Tx) error {
	const revive = `
		INSERT INTO visage.identities (id, gallery_id, name, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	const faces = `
		UPDATE visage.faces f SET identity_id = $1 WHERE f.gallery_id = $2 AND f.identity_id = $3 AND (
			EXISTS (SELECT FROM visage.merge_faces n WHERE n.merge_id = $4 AND n.face_id = f.id)
			OR EXISTS (SELECT FROM visage.merge_images n JOIN visage.images i ON i.id = n.image_id JOIN visage.merges m ON m.id = n.merge_id
			           WHERE n.merge_id = $4 AND n.image_id = f.image_id AND i.identity_id = $3 AND f.created_at > m.created_at))`
	const images = `
		UPDATE visage.images i SET identity_id = $1 FROM visage.merge_images n
		WHERE i.gallery_id = $2 AND i.identity_id = $3 AND n.merge_id = $4 AND n.image_id = i.id`
	const earlier = `
		UPDATE visage.merges e SET into_id = $1 FROM visage.merges m
		WHERE m.id = $4 AND e.id = ANY (m.carried) AND e.gallery_id = $2 AND e.into_id = $3`
	tag, err := tx.Exec(ctx, revive, m.from, m.gallery, m.name, m.created)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return face.Errorf(face.Conflict, "the gallery has another identity %q by now: give it another name first", m.name)
	}
	var back int64
	for _, query := range []string{faces, images} {
		tag, err := tx.Exec(ctx, query, m.from, m.gallery, m.into, m.id)
		if err != nil {
			return err
		}
		back += tag.RowsAffected()
	}
	if back == 0 && m.rows > 0 {
		return face.Errorf(face.Conflict, "nothing of the %d photographs and faces that were moved is still where the merge brought it: all were erased or moved since", m.rows)
	}
	if _, err := tx.Exec(ctx, earlier, m.from, m.gallery, m.into, m.id); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE visage.merges SET undone_at = now() WHERE id = $1`, m.id)
	return err
}
