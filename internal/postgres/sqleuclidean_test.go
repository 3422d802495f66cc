package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// explainNearest is the plan, with what was done of it, and the answer of a search by
// SQL on a server that dislikes to read and sort everything.
func (b *bench) explainNearest(s face.Space, metric string) (plan string, images []string) {
	b.Helper()
	tx := b.begin()
	for _, statement := range []string{`SET LOCAL enable_seqscan = off`, `SET LOCAL enable_sort = off`, `SET LOCAL enable_bitmapscan = off`, `SET LOCAL hnsw.ef_search = 200`} {
		_, err := tx.Exec(b.Context(), statement)
		b.ok(err)
	}
	ask := fmt.Sprintf(`SELECT image FROM visage.nearest('%s', 10, '%s', 'g', '%s')`, asText(vector(77, s.Dim, 3)), s.Name(), metric)
	for _, q := range []struct {
		query string
		into  *[]string
	}{{`EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) ` + ask, new([]string)}, {ask, &images}} {
		rows, _ := tx.Query(b.Context(), q.query)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		b.ok(err)
		if *q.into = lines; strings.HasPrefix(q.query, "EXPLAIN") {
			plan = strings.Join(lines, "\n")
		}
	}
	b.ok(tx.Rollback(b.Context()))
	return plan, images
}

// scanned says whether a plan has read an index.
func scanned(plan, index string) bool {
	for line := range strings.Lines(plan) {
		if strings.Contains(line, "Index Scan using "+index+" ") && !strings.Contains(line, "never executed") {
			return true
		}
	}
	return false
}

// Raw euclidean has an index of its own where templates have other lengths than 1, and
// visage.nearest takes it as soon as it is there and as long as it is.
func TestSQLEuclidean(t *testing.T) {
	t.Parallel()
	s := space("A", 16, false)
	b := loaded(t, s, 600)
	q := face.Query{Gallery: "g", Space: s, Probe: vector(77, 16, 3), Metric: face.Euclidean, Limit: 10, Exact: true}
	want, _ := b.find(q)
	q.Metric = face.Cosine
	byCosine, _ := b.find(q)
	if slices.Equal(want, byCosine) {
		t.Fatal("cosine and euclidean rank alike: the test tells nothing")
	}
	check := func(when string, indexed bool) {
		t.Helper()
		plan, got := b.explainNearest(s, "euclidean")
		if scanned(plan, "embeddings_1_hnsw_l2") != indexed || scanned(plan, "embeddings_1_hnsw") {
			t.Errorf("%s: the plan is\n%s", when, plan)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", when, got, want)
		}
		if plan, got := b.explainNearest(s, "cosine"); !scanned(plan, "embeddings_1_hnsw") || scanned(plan, "embeddings_1_hnsw_l2") || !slices.Equal(got, byCosine) {
			t.Errorf("%s: by cosine %v, want %v by the plan\n%s", when, got, byCosine, plan)
		}
	}
	check("without an index for it", false)
	b.build(s, postgres.IndexSettings{Metric: face.Euclidean})
	check("with one", true)
	b.exec(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'visage.embeddings_1_hnsw_l2'::regclass`)
	check("with one that cannot be used", false)
	b.exec(`UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'visage.embeddings_1_hnsw_l2'::regclass`)
	check("with one again", true)
	_, err := b.db.DropIndex(t.Context(), s, face.Euclidean)
	b.ok(err)
	check("after it was dropped", false)
	b.ok(b.db.MigrateDown(t.Context(), 1))
	check("by the earlier function", false)
}
