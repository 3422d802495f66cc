package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// A statement written out returns the faces that a search returns, from the index
// and without.
func TestStatementText(t *testing.T) {
	t.Parallel()
	b, s, _ := crowd(t)
	probes, err := b.db.Sample(t.Context(), "g", s, 3, 1)
	b.ok(err)
	ids := []string{probes[0].FaceID, probes[1].FaceID, probes[2].FaceID}
	q := face.Query{Gallery: "g", Space: s, Probe: probes[1].Vector, Metric: face.Cosine, Limit: 5, Exact: true}
	nearest, _, err := b.db.Nearest(t.Context(), q)
	b.ok(err)
	var want []string
	for _, c := range nearest {
		want = append(want, c.FaceID)
	}
	statement, err := b.db.Statement(t.Context(), q)
	b.ok(err)
	text := statement.Text(ids, "2")
	if statement.Plan.Plan != face.PlanExact || strings.Contains(text, "$") || statement.Options() != "-c jit=off" {
		t.Errorf("plan %+v, options %s, text %s", statement.Plan, statement.Options(), text)
	}
	rows, _ := b.sql.Query(t.Context(), text)
	got, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (id string, err error) {
		var vector []byte
		err = row.Scan(&id, nil, nil, nil, nil, nil, nil, &vector)
		if len(vector) != 4+4*s.Dim {
			t.Errorf("a vector of %d bytes", len(vector))
		}
		return id, err
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	_, err = b.db.Statement(t.Context(), face.Query{Gallery: "g", Space: s, Metric: face.Cosine, Limit: 5, Filter: face.Filter{Identities: []string{"1"}}})
	b.fails(err, face.Invalid, "filter")
	_, err = b.db.Statement(t.Context(), face.Query{Gallery: "nobody's", Space: s, Metric: face.Cosine, Limit: 5})
	b.fails(err, face.NotFound, "nobody's")
}

// What is remembered of a gallery from one search to the next is never taken for
// true: not when it is deleted, made anew, or its space's index dropped and built.
func TestGalleryChangesBetweenSearches(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	q := face.Query{Gallery: "g", Space: s, Probe: vector(1, 8, 1), Metric: face.Cosine, Limit: 50}
	expect := func(when string, rows int) {
		t.Helper()
		for range 2 { // found, then remembered
			if ids, plan := b.find(q); len(ids) != rows || plan.Rows != int64(rows) {
				t.Errorf("%s: %d faces, plan %+v, want %d", when, len(ids), plan, rows)
			}
		}
	}
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, s, 0)))
	expect("enrolled", 20)
	b.ok(b.db.DeleteGallery(t.Context(), "g"))
	for range 2 {
		_, _, err := b.db.Nearest(t.Context(), q)
		b.fails(err, face.NotFound, `"g"`)
	}
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(7, s, 100)))
	expect("enrolled anew", 7)
	b.exec(`DELETE FROM visage.galleries WHERE name = 'g'`)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(5, s, 200)))
	expect("exchanged between two searches", 5)
	_, err := b.db.DropIndex(t.Context(), s, face.Cosine)
	b.ok(err)
	expect("without index", 5)
	q.Space.Dim = 9
	q.Probe = vector(1, 9, 1)
	_, _, err = b.db.Nearest(t.Context(), q)
	b.fails(err, face.Mismatch)
}
