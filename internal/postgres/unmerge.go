package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

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
