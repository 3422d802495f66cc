package postgres

import (
	"context"
	"encoding/hex"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

const selectFace = `
	SELECT f.id::text, g.name, p.name, p.id::text, i.path, i.sha256, i.width, i.height, f.x1, f.y1, f.x2, f.y2, f.landmarks,
	       f.confidence, f.detector, f.created_at,
	       ARRAY(SELECT s.name FROM visage.embeddings e JOIN visage.spaces s ON s.id = e.space_id
	             WHERE e.gallery_id = f.gallery_id AND e.face_id = f.id ORDER BY s.name),
	       EXISTS (SELECT FROM visage.crops c WHERE c.face_id = f.id), f.attributes
	FROM visage.faces f
	JOIN visage.galleries g ON g.id = f.gallery_id
	JOIN visage.images i ON i.id = f.image_id
	LEFT JOIN visage.identities p ON p.id = f.identity_id`

func scanFace(row pgx.CollectableRow) (face.Stored, error) {
	var f face.Stored
	var sum []byte
	var marks []float32
	err := row.Scan(&f.ID, &f.Gallery, &f.Identity, &f.IdentityID, &f.Image, &sum, &f.Width, &f.Height, &f.Box.X1, &f.Box.Y1, &f.Box.X2, &f.Box.Y2,
		&marks, &f.Confidence, &f.Detector, &f.CreatedAt, &f.Spaces, &f.Crop, &f.Attributes)
	f.SHA256 = hex.EncodeToString(sum)
	f.Landmarks = make(face.Landmarks, 0, len(marks)/2)
	for i := 0; i+1 < len(marks); i += 2 {
		f.Landmarks = append(f.Landmarks, face.Point{X: marks[i], Y: marks[i+1]})
	}
	return f, err
}

// Face returns an enrolled face by its UUID, or NotFound.
func (d *DB) Face(ctx context.Context, id string) (face.Stored, error) {
	key, err := readID("face", id)
	if err != nil {
		return face.Stored{}, err
	}
	rows, _ := d.on(ctx).Query(ctx, selectFace+` WHERE f.id = $1`, key)
	found, err := pgx.CollectExactlyOneRow(rows, scanFace)
	if errors.Is(err, pgx.ErrNoRows) {
		return found, unknownFace(id)
	}
	return found, interpret("postgres.Face", err)
}

func unknownFace(id string) error {
	return face.Errorf(face.NotFound, "there is no face %s", id)
}

// FacePage returns a part of an identity's faces, in the order of their ids, which is
// mostly that of their enrolment, and the cursor of the next part; empty where there
// is none. It returns NotFound for an unknown gallery or identity, and Invalid for a
// limit out of range and a cursor that is none.
func (d *DB) FacePage(ctx context.Context, gallery, identity string, page face.Page) ([]face.Stored, string, error) {
	const query = selectFace + ` WHERE f.gallery_id = $1 AND f.identity_id = $2 AND f.id > $3 ORDER BY f.id LIMIT $4`
	after, err := startOf(page, 1)
	if err != nil {
		return nil, "", err
	}
	last := pgtype.UUID{Valid: true}
	if after[0] != "" && last.Scan(after[0]) != nil {
		return nil, "", face.Errorf(face.Invalid, "the cursor is none that a list of this kind gave")
	}
	if _, err := d.IdentityByID(ctx, gallery, identity); err != nil {
		return nil, "", err
	}
	in, key, err := d.identityKey(ctx, gallery, identity)
	if err != nil {
		return nil, "", err
	}
	rows, _ := d.pool.Query(ctx, query, in, key, last, page.Limit+1)
	found, err := pgx.CollectRows(rows, scanFace)
	found, next := cut(found, page, func(f face.Stored) []string { return []string{f.ID} })
	return found, next, interpret("postgres.FacePage", err)
}

// MoveFace makes a face that of another identity of its gallery, by name, or
// nobody's for nil. A photograph all of whose faces are one identity's then is that
// identity's too. It returns NotFound for an unknown face or identity.
func (d *DB) MoveFace(ctx context.Context, id string, to *string) (face.Stored, error) {
	key, err := readID("face", id)
	if err != nil {
		return face.Stored{}, err
	}
	const lock = `SELECT i.id, i.gallery_id FROM visage.images i JOIN visage.faces f ON f.image_id = i.id WHERE f.id = $1 FOR NO KEY UPDATE OF i`
	const whose = `SELECT id FROM visage.identities WHERE gallery_id = $1 AND name = $2 FOR KEY SHARE`
	const photograph = `
		UPDATE visage.images i SET identity_id = $2
		WHERE i.id = $1 AND NOT EXISTS (SELECT FROM visage.faces f WHERE f.image_id = i.id AND f.identity_id IS DISTINCT FROM $2)`
	err = d.inTx(ctx, "postgres.MoveFace", func(tx pgx.Tx) error {
		var image, gallery, identity pgtype.UUID
		if err := tx.QueryRow(ctx, lock, key).Scan(&image, &gallery); errors.Is(err, pgx.ErrNoRows) {
			return unknownFace(id)
		} else if err != nil {
			return err
		}
		if to != nil {
			err := tx.QueryRow(ctx, whose, gallery, face.Readable(*to)).Scan(&identity)
			if errors.Is(err, pgx.ErrNoRows) {
				return face.Errorf(face.NotFound, "the face's gallery has no identity %q: create it first", *to)
			} else if err != nil {
				return err
			}
		}
		tag, err := tx.Exec(ctx, `UPDATE visage.faces SET identity_id = $2 WHERE id = $1`, key, identity)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return unknownFace(id)
		}
		_, err = tx.Exec(ctx, photograph, image, identity)
		return err
	})
	if err != nil {
		return face.Stored{}, err
	}
	return d.Face(ctx, id)
}

// DeleteFace erases a face with its templates and its picture, and with it a
// photograph that has no other. It returns NotFound for an unknown one.
func (d *DB) DeleteFace(ctx context.Context, id string) error {
	key, err := readID("face", id)
	if err != nil {
		return err
	}
	const lock = `SELECT i.id FROM visage.images i JOIN visage.faces f ON f.image_id = i.id WHERE f.id = $1 FOR UPDATE OF i`
	const photograph = `DELETE FROM visage.images i WHERE i.id = $1 AND NOT EXISTS (SELECT FROM visage.faces f WHERE f.image_id = i.id)`
	return d.inTx(ctx, "postgres.DeleteFace", func(tx pgx.Tx) error {
		var image pgtype.UUID
		if err := tx.QueryRow(ctx, lock, key).Scan(&image); errors.Is(err, pgx.ErrNoRows) {
			return unknownFace(id)
		} else if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM visage.faces WHERE id = $1`, key); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, photograph, image); err != nil {
			return err
		}
		return forget(ctx, tx, key.String())
	})
}
