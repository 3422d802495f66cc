package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// faces are the ids of a gallery's faces.
func (b *bench) faces(gallery string) [][16]byte {
	b.Helper()
	rows, err := b.sql.Query(b.Context(), `
		SELECT f.id FROM visage.faces f JOIN visage.galleries g ON g.id = f.gallery_id WHERE g.name = $1 ORDER BY f.id`, gallery)
	b.ok(err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[[16]byte])
	b.ok(err)
	return ids
}

// Rank among all faces is the exact search, whatever else is proposed, in every metric
// and under every filter.
func TestRankIsTheExactSearch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spaces := []face.Space{space("A", 8, true), space("B", 16, false)}
	for _, s := range spaces {
		b.ok(b.db.Enrol(t.Context(), "g", batchOf(60, s, 0)))
		b.ok(b.db.Enrol(t.Context(), "other", batchOf(20, s, 100)))
	}
	b.exec(`UPDATE visage.images SET metadata = '{"camera":"north"}' WHERE path < '/p/3'`)
	identity := one[string](b, `SELECT p.name FROM visage.identities p JOIN visage.galleries g ON g.id = p.gallery_id WHERE g.name = 'g' ORDER BY 1 LIMIT 1`)
	proposed := append(b.faces("other"), b.faces("g")...)
	proposed = append(proposed, [16]byte{1}, proposed[0], proposed[len(proposed)-1])
	for _, s := range spaces {
		for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
			for _, filter := range []face.Filter{{}, {Identities: []string{identity}}, {Excluded: []string{identity}}, {Metadata: []byte(`{"camera":"north"}`)}} {
				q := face.Query{Gallery: "g", Space: s, Metric: metric, Filter: filter, Limit: 10, Exact: true}
				probes := [][]float32{vector(3, s.Dim, 1), vector(7, s.Dim, 1)}
				want, err := b.db.NearestAll(t.Context(), q, probes)
				b.ok(err)
				got, err := b.db.Rank(t.Context(), q, probes, propose(proposed, proposed))
				b.ok(err)
				for i := range want {
					if len(want[i].Candidates) == 0 || fmt.Sprint(got[i].Candidates) != fmt.Sprint(want[i].Candidates) {
						t.Errorf("%s %s %+v: got %v, want %v", s.Name(), metric, filter, got[i].Candidates, want[i].Candidates)
					}
					if got[i].Plan != (face.Plan{Plan: face.PlanResident}) {
						t.Errorf("plan %+v", got[i].Plan)
					}
				}
			}
		}
	}
}

// What is gone is not ranked, nor what was not proposed, and each probe has its list.
func TestRankOfWhatIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(30, s, 0)))
	ids := b.faces("g")
	q := face.Query{Gallery: "g", Space: s, Metric: face.Cosine, Limit: 100}
	probes := [][]float32{vector(1, 8, 1), vector(2, 8, 1), vector(3, 8, 1)}
	b.exec(`DELETE FROM visage.faces WHERE id = $1`, ids[0])
	answers, err := b.db.Rank(t.Context(), q, probes, propose(ids[:5], ids[5:12], nil))
	b.ok(err)
	for i, want := range []int{4, 7, 0} {
		if got := len(answers[i].Candidates); got != want {
			t.Errorf("probe %d: %d candidates, want %d", i, got, want)
		}
	}
	// A gallery of the same name that came after.
	b.ok(b.db.DeleteGallery(t.Context(), "g"))
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(3, s, 50)))
	answers, err = b.db.Rank(t.Context(), q, probes[:1], propose(append(ids, b.faces("g")...)))
	b.ok(err)
	if got := len(answers[0].Candidates); got != 3 {
		t.Errorf("%d candidates of the new gallery, want 3", got)
	}
}

func TestRankErrors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(3, s, 0)))
	rank := func(change func(*face.Query), lists int) error {
		q := face.Query{Gallery: "g", Space: s, Metric: face.Cosine, Limit: 5}
		change(&q)
		_, err := b.db.Rank(t.Context(), q, [][]float32{vector(1, 8, 1)}, propose(make([][][16]byte, lists)...))
		return err
	}
	b.ok(rank(func(*face.Query) {}, 1))
	b.fails(rank(func(*face.Query) {}, 2), face.Invalid, "2 lists of faces for 1 probes")
	b.fails(rank(func(q *face.Query) { q.Limit = 0 }, 1), face.Invalid)
	b.fails(rank(func(q *face.Query) { q.Metric = "manhattan" }, 1), face.Invalid)
	b.fails(rank(func(q *face.Query) { q.Gallery = "nowhere" }, 1), face.NotFound, "nowhere")
	b.fails(rank(func(q *face.Query) { q.Space = space("B", 8, true) }, 1), face.NotFound)
	b.fails(rank(func(q *face.Query) { q.Space.Dim = 9 }, 1), face.Mismatch)
	b.fails(rank(func(q *face.Query) { q.Filter.Identities = []string{"nobody"} }, 1), face.NotFound, "nobody")
}

// BenchmarkRank ranks 60 of 20,000 faces of 512 dimensions.
func BenchmarkRank(b *testing.B) {
	db, s := pgtest.New(b), space("A", 512, true)
	var ids [][16]byte
	im, err := db.BeginImport(b.Context(), "g", s)
	if err != nil {
		b.Fatal(err)
	}
	for n := range 20 {
		batch := make([]face.Record, 1000)
		for i := range batch {
			seed := uint64(n*1000 + i)
			batch[i] = face.Record{Image: fmt.Sprintf("/p/%d", seed), Identity: fmt.Sprint(seed / 4), Vector: vector(seed, 512, 1)}
		}
		if _, err := im.Add(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	q := face.Query{Gallery: "g", Space: s, Probe: vector(7, 512, 1), Metric: face.Cosine, Limit: 1000, Exact: true}
	found, _, err := db.Nearest(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range found {
		ids = append(ids, uuid.MustParse(c.FaceID))
	}
	q.Limit = 10
	for b.Loop() {
		at := rand.N(len(ids) - 60)
		if _, err := db.Rank(b.Context(), q, [][]float32{vector(7, 512, 1)}, propose(ids[at:at+60])); err != nil {
			b.Fatal(err)
		}
	}
}

// propose has the same faces proposed wherever is looked.
func propose(lists ...[][16]byte) func(face.Region) ([][][16]byte, error) {
	return func(face.Region) ([][][16]byte, error) { return lists, nil }
}
