package postgres

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// Enrol stores a batch of outcomes, all or none, and makes the gallery, the
// identities and the spaces that it names. A content that is enrolled under
// its path in the space already stays as it is; where a path has another
// content than before, what the old one gave goes, in every space. It is safe
// to run at once with itself and to repeat. It returns Invalid or Mismatch for
// an enrolment that cannot be stored.
func (d *DB) Enrol(ctx context.Context, gallery string, batch []face.Enrolment) error {
	bySpace := map[face.Space][]face.Enrolment{}
	for _, e := range batch {
		if err := checkEnrolment(e); err != nil {
			return err
		}
		bySpace[e.Space] = append(bySpace[e.Space], e)
	}
	parts := make([]*enrolling, 0, len(bySpace))
	for space, enrolments := range bySpace {
		id, err := d.spaceID(ctx, space)
		if err != nil {
			return err
		}
		parts = append(parts, &enrolling{space: id, rows: rowsOf(enrolments)})
	}
	slices.SortFunc(parts, func(a, b *enrolling) int { return cmp.Compare(a.space, b.space) })
	return d.inTx(ctx, "postgres.Enrol", func(tx pgx.Tx) error {
		galleryID, err := ensureGallery(ctx, tx, gallery)
		if err != nil {
			return err
		}
		for _, part := range parts {
			part.tx, part.gallery = tx, galleryID
			if err := part.store(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkEnrolment returns Invalid or Mismatch for what could not be stored or
// never be found, with a message that names the photograph, which the
// database's constraints cannot.
func checkEnrolment(e face.Enrolment) error {
	path := face.Readable(e.Image.Path)
	if path == "" {
		return face.Errorf(face.Invalid, "an enrolment without a path")
	}
	if (e.Rejected == "") != (len(e.Templates) > 0) {
		return face.Errorf(face.Invalid, "%s: %d templates and the rejection %q: it must be one or the other", path, len(e.Templates), e.Rejected)
	}
	for _, t := range e.Templates {
		if t.Space != e.Space || len(t.Vector) != e.Space.Dim {
			return face.Errorf(face.Mismatch, "%s: a template of %d components in space %s among those of %s, which has %d",
				path, len(t.Vector), t.Space.Name(), e.Space.Name(), e.Space.Dim)
		}
		if length := norm(t.Vector); !(length > 0) || math.IsInf(length, 0) {
			return face.Errorf(face.Invalid, "%s: a template of length %g, which has no direction to compare", path, length)
		}
	}
	return nil
}

// norm is the Euclidean length of a vector; NaN or infinite where a component
// is.
func norm(v []float32) float64 {
	sum := 0.0
	for _, c := range v {
		sum += float64(c) * float64(c)
	}
	return math.Sqrt(sum)
}

// ensureGallery returns the id of a gallery, made if need be, and keeps it
// from being deleted until the transaction ends.
func ensureGallery(ctx context.Context, tx pgx.Tx, name string) (pgtype.UUID, error) {
	const insert = `INSERT INTO visage.galleries (name) VALUES ($1) ON CONFLICT (name) DO NOTHING`
	const find = `SELECT name, id FROM visage.galleries WHERE name = $1 FOR KEY SHARE`
	ids, err := ensureNames(ctx, tx, insert, find, face.Readable(name))
	return ids[face.Readable(name)], err
}

// ensureIdentities does the same for identities, which it returns by readable
// name.
func ensureIdentities(ctx context.Context, tx pgx.Tx, gallery pgtype.UUID, names []string) (map[string]pgtype.UUID, error) {
	const insert = `
		INSERT INTO visage.identities (gallery_id, name) SELECT $2, n FROM unnest($1::text[]) n ORDER BY n
		ON CONFLICT (gallery_id, name) DO NOTHING`
	const find = `
		SELECT name, id FROM visage.identities
		WHERE gallery_id = $2 AND name = ANY($1) ORDER BY name FOR KEY SHARE`
	ids, err := ensureNames(ctx, tx, insert, find, names, gallery)
	if err == nil && len(ids) != len(names) {
		err = errOvertaken
	}
	return ids, err
}

// ensureNames runs two statements on the same arguments at one go: the one
// inserts rows that may be there, the other locks and returns them.
func ensureNames(ctx context.Context, tx pgx.Tx, insert, find string, args ...any) (map[string]pgtype.UUID, error) {
	var ids map[string]pgtype.UUID
	var pending pgx.Batch
	pending.Queue(insert, args...)
	pending.Queue(find, args...).Query(func(rows pgx.Rows) (err error) {
		ids, err = collectIDs(rows)
		return err
	})
	err := tx.SendBatch(ctx, &pending).Close()
	if err == nil && len(ids) == 0 {
		err = errOvertaken
	}
	return ids, err
}
