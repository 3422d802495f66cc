package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// Rank is NearestAll among faces that somebody proposes, who is told where to look: for
// each probe, the ids of those that are compared with it. An id that is not, or not any
// more, of the gallery's in the space, or that does not pass the filter, is left out, so
// that the answer holds what stands in the database now. It is one round trip for all
// probes, and one more where the filter names identities. Where a gallery has taken the
// place of another of its name, faces are proposed once more.
//
// The plan is face.PlanResident. How many templates were looked through, and whether
// those were all, is for the caller to say. The database itself is asked, never its
// replica, which may not have the latest of them yet.
//
// It returns what Nearest returns, the error of propose, and Invalid for another number
// of lists than of probes.
func (d *DB) Rank(ctx context.Context, q face.Query, probes [][]float32, propose func(face.Region) ([][][16]byte, error)) ([]face.Answer, error) {
	if err := checkQuery(q, probes); err != nil {
		return nil, err
	}
	for {
		answers, err := d.rankOnce(ctx, q, probes, propose)
		if !errors.Is(err, errMoved) {
			return answers, err
		}
	}
}

// rankOnce returns errMoved as nearestOnce does.
func (d *DB) rankOnce(ctx context.Context, q face.Query, probes [][]float32, propose func(face.Region) ([][][16]byte, error)) ([]face.Answer, error) {
	at, remembered, err := d.whereabouts(ctx, q)
	if err != nil {
		return nil, err
	}
	w := wanted{Query: q, probes: probes}
	if w.filter, err = d.lookUp(ctx, q, at.gallery); err != nil {
		return nil, err
	}
	faces, err := propose(face.Region{Gallery: at.gallery.Bytes, Identities: bytesOf(w.filter.identities), Excluded: bytesOf(w.filter.excluded)})
	if err != nil {
		return nil, err
	}
	if len(faces) != len(probes) {
		return nil, face.Errorf(face.Invalid, "%d lists of faces for %d probes: each probe needs one", len(faces), len(probes))
	}
	var pending pgx.Batch
	if remembered {
		check(&pending, q, at)
	}
	statements := make([]Statement, len(probes))
	for i := range statements {
		statements[i] = among(at, w, faces[i])
	}
	answers, err := d.answersTo(ctx, &pending, statements, probes)
	if err != nil {
		d.regions.Delete(nameOf(q))
	}
	return answers, err
}

// among compares the probe with those of the given faces that are of the region and
// pass.
func among(at region, w wanted, faces [][16]byte) Statement {
	query := fmt.Sprintf(`
		SELECT c.face_id::text, who.identity, who.path, who.x1, who.y1, who.x2, who.y2, c.embedding
		FROM (SELECT e.face_id, e.embedding, e.embedding %[2]s $1 AS distance FROM visage.embeddings_%[1]d e
		      WHERE e.gallery_id = $2 AND e.face_id = ANY($4::uuid[])%[3]s ORDER BY 3, 1 LIMIT $3) c`+withNames,
		at.space, operator(w.Metric), w.filter.where(5, ""))
	return Statement{
		Plan: face.Plan{Plan: face.PlanResident}, Settings: exactSettings(),
		sql: query, args: append([]any{at.gallery, w.Limit, uuids(faces)}, w.filter.args()...), space: at.space,
	}
}

// uuids are ids as the database takes them.
func uuids(ids [][16]byte) []pgtype.UUID {
	list := make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		list[i] = pgtype.UUID{Bytes: id, Valid: true}
	}
	return list
}

// bytesOf is the reverse of uuids.
func bytesOf(ids []pgtype.UUID) [][16]byte {
	var list [][16]byte
	for _, id := range ids {
		list = append(list, id.Bytes)
	}
	return list
}
