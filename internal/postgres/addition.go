package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// AddFaces enrols photographs, or templates that came without one, for an identity
// that exists, all or none; it makes the spaces that they name. A photograph that the
// identity has in the space already, from wherever it came, stays as it is. The
// result has one entry for each addition, in their order.
//
// It returns NotFound for an unknown gallery or identity, also one that is erased
// meanwhile, and Invalid or Mismatch for templates that cannot be stored.
func (d *DB) AddFaces(ctx context.Context, gallery, identity string, additions []face.Addition) ([]face.Added, error) {
	in, key, err := d.identityKey(ctx, gallery, identity)
	if err != nil {
		return nil, err
	}
	spaces := make([]int32, len(additions))
	for i, a := range additions {
		if len(a.Templates) == 0 {
			return nil, face.Errorf(face.Invalid, "addition %d has no template", i+1)
		}
		if err := checkEnrolment(uploaded(a, "", "")); err != nil {
			return nil, err
		}
		if spaces[i], err = d.spaceID(ctx, a.Templates[0].Space); err != nil {
			return nil, err
		}
	}
	done := make([]face.Added, len(additions))
	err = d.inTx(ctx, "postgres.AddFaces", func(tx pgx.Tx) (err error) {
		to := adding{tx: tx, gallery: in, identity: key}
		err = tx.QueryRow(ctx, `SELECT name FROM visage.identities WHERE gallery_id = $1 AND id = $2 FOR NO KEY UPDATE`, in, key).Scan(&to.name)
		if errors.Is(err, pgx.ErrNoRows) {
			return unknownID(gallery, identity)
		}
		for i := 0; i < len(additions) && err == nil; i++ {
			done[i], err = to.add(ctx, spaces[i], additions[i])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// uploaded is an addition as the ledger has it, of an image of the given id. Its path
// is no file's.
func uploaded(a face.Addition, id, identity string) face.Enrolment {
	return face.Enrolment{
		Image: face.Image{
			Path: "upload:" + id, SHA256: a.SHA256, Size: a.Size, Identity: identity,
			ModTime: time.Now().UTC().Truncate(time.Microsecond), Width: a.Width, Height: a.Height,
		},
		Space: a.Templates[0].Space, Detector: a.Detector, Templates: a.Templates,
	}
}

// adding is a transaction that enrols for one identity, which it keeps from being
// renamed or erased, and from being added to by others, who might add the same.
type adding struct {
	tx                pgx.Tx
	gallery, identity pgtype.UUID
	name              string
}

func (to adding) add(ctx context.Context, space int32, a face.Addition) (face.Added, error) {
	image, present, err := to.present(ctx, space, a)
	if err != nil {
		return face.Added{}, err
	}
	if !present {
		id, err := uuid.NewV7()
		if err != nil {
			return face.Added{}, err
		}
		e := uploaded(a, id.String(), to.name)
		part := &enrolling{tx: to.tx, gallery: to.gallery, space: space, rows: rowsOf([]face.Enrolment{e})}
		if err := part.store(ctx); err != nil {
			return face.Added{}, err
		}
		image = part.rows[0].image
	}
	if err := to.keep(ctx, image, a); err != nil {
		return face.Added{}, err
	}
	rows, _ := to.tx.Query(ctx, selectFace+` WHERE f.image_id = $1 AND EXISTS (
		SELECT FROM visage.embeddings e WHERE e.space_id = $2 AND e.face_id = f.id) ORDER BY f.id`, image, space)
	faces, err := pgx.CollectRows(rows, scanFace)
	return face.Added{Faces: faces, Present: present}, err
}

// present finds a photograph of the identity with the same content, and templates in
// the space.
func (to adding) present(ctx context.Context, space int32, a face.Addition) (image pgtype.UUID, found bool, err error) {
	const query = `
		SELECT i.id FROM visage.images i JOIN visage.image_spaces o ON o.image_id = i.id AND o.space_id = $4 AND o.rejected IS NULL
		WHERE i.gallery_id = $1 AND i.identity_id = $2 AND i.sha256 = $3
		  AND EXISTS (SELECT FROM visage.faces f JOIN visage.embeddings e ON e.space_id = $4 AND e.face_id = f.id WHERE f.image_id = i.id)
		ORDER BY i.id LIMIT 1`
	err = to.tx.QueryRow(ctx, query, to.gallery, to.identity, a.SHA256[:], space).Scan(&image)
	if errors.Is(err, pgx.ErrNoRows) {
		return image, false, nil
	}
	return image, err == nil, err
}

// keep stores the pictures of an image's faces, each by the place of its face.
func (to adding) keep(ctx context.Context, image pgtype.UUID, a face.Addition) error {
	const query = `
		INSERT INTO visage.crops (face_id, jpeg)
		SELECT f.id, $6 FROM visage.faces f WHERE f.image_id = $1 AND (f.x1, f.y1, f.x2, f.y2) = ($2::real, $3::real, $4::real, $5::real)
		ON CONFLICT (face_id) DO NOTHING`
	for i, crop := range a.Crops {
		box := a.Templates[i].Detection.Box
		if _, err := to.tx.Exec(ctx, query, image, box.X1, box.Y1, box.X2, box.Y2, crop); err != nil {
			return err
		}
	}
	return nil
}
