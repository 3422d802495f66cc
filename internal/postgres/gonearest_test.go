package postgres_test

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

func (b *bench) find(q face.Query) ([]string, face.Plan) {
	b.Helper()
	found, plan, err := b.db.Nearest(b.Context(), q)
	b.ok(err)
	paths := make([]string, len(found))
	for i, c := range found {
		paths[i] = c.Image
	}
	return paths, plan
}

func (b *bench) goPlan(s face.Space) {
	q := face.Query{Gallery: "default", Space: s, Probe: mate(4000), Metric: face.Cosine, Limit: 10}
	scans := `SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'embeddings_2_hnsw'`
	before := one[int](b, scans)
	for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
		q.Metric = metric
		got, plan := b.find(q)
		if plan.Plan != face.PlanHNSW || plan.EfSearch != 200 || plan.Complete || plan.Rows < largeRows*9/10 || plan.Rows > largeRows*11/10 {
			b.Errorf("%s: plan %+v, want hnsw at ef_search 200 over about %d rows", metric, plan, largeRows)
		}
		if len(got) != 10 || got[0] != "/l/4000" {
			b.Errorf("%s: found %v", metric, got)
		}
	}
	// The server's statistics, which arrive late, are the witness.
	b.waitFor(fmt.Sprintf(`SELECT (%s) >= %d`, scans, before+4))

	q.Metric, q.Exact = face.Cosine, true
	if _, plan := b.find(q); plan != (face.Plan{Plan: face.PlanExact, Rows: largeRows, Complete: true}) {
		b.Errorf("an exact search says %+v", plan)
	}
	q.Exact, q.Limit = false, 400
	if got, plan := b.find(q); plan.Plan != face.PlanHNSW || plan.EfSearch != 840 || len(got) != 400 {
		b.Errorf("400 candidates: %d with plan %+v", len(got), plan)
	}
	q.Limit = 2000
	if got, plan := b.find(q); plan.Plan != face.PlanExact || len(got) != 2000 {
		b.Errorf("2,000 candidates: %d with plan %+v", len(got), plan)
	}
	// The settings end with the search.
	for range 20 {
		if got := one[string](b, `SELECT current_setting('enable_sort') || current_setting('enable_seqscan')`); got != "onon" {
			b.Fatalf("enable_sort and enable_seqscan are %s", got)
		}
	}
}

func (b *bench) goRecall(s face.Space) {
	top, found := 0.0, 0.0
	for i := range recallProbes {
		at := i * 397 / perIdentity * perIdentity
		q := face.Query{Gallery: "default", Space: s, Probe: mate(at), Metric: face.Cosine, Limit: 10}
		got, _ := b.find(q)
		q.Exact = true
		want, _ := b.find(q)
		if strings.Join(want, " ") != strings.Join(truth(q.Probe, 0, largeRows, 10), " ") {
			b.Errorf("probe %d: the exact search gives %v", i, want)
		}
		top += share(got, want) / recallProbes
		var same []string
		for n := range perIdentity {
			same = append(same, fmt.Sprint("/l/", at+n))
		}
		found += share(got, same) / max(share(want, same), 0.25) / recallProbes
	}
	b.Logf("recall of 10: %.4f, of the mates that an exact search finds: %.4f", top, found)
	if top < leastRecall || found < leastRecall {
		b.Errorf("recall %.4f and %.4f, want at least %.2f", top, found, leastRecall)
	}
}

func (b *bench) goSmallGallery(s face.Space) {
	q := face.Query{Gallery: "small", Space: s, Probe: mate(largeRows + 8), Metric: face.Cosine, Limit: 10}
	got, plan := b.find(q)
	if want := truth(q.Probe, largeRows, smallRows, 10); strings.Join(got, " ") != strings.Join(want, " ") {
		b.Errorf("found %v, want %v", got, want)
	}
	if plan != (face.Plan{Plan: face.PlanExact, Rows: smallRows, Complete: true}) {
		b.Errorf("plan %+v", plan)
	}
}

// goAgreement checks that distances are verify's also where the index, which
// has half the precision, proposed the candidates.
func (b *bench) goAgreement(s face.Space) {
	searcher, err := search.NewSearcher(search.Config{Gallery: b.db})
	b.ok(err)
	probe := face.Template{Space: s, Vector: mate(4000)}
	for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
		limit := face.Threshold{Metric: metric, Distance: 0.5}
		found, err := searcher.Find(b.Context(), []face.Template{probe}, search.FindOptions{Metric: metric, Threshold: limit})
		b.ok(err)
		if found.Search.Plan.Plan != face.PlanHNSW || len(found.Results[0]) != search.DefaultK {
			b.Errorf("%s: %d candidates by plan %+v, want %d by the index", metric, len(found.Results[0]), found.Search.Plan, search.DefaultK)
		}
		for _, m := range found.Results[0] {
			n, err := strconv.Atoi(strings.TrimPrefix(m.Image, "/l/"))
			b.ok(err)
			other := face.Template{Space: s, Vector: mate(n)}
			verified, err := search.Verify(face.Photo{Templates: []face.Template{probe}}, face.Photo{Templates: []face.Template{other}},
				search.VerifyOptions{Metric: metric, Threshold: limit})
			b.ok(err)
			if math.Abs(m.Distance-verified.Distance) > 1e-6 || m.Confidence != verified.Confidence {
				b.Errorf("%s of %s: find says %.9g, verify %.9g", metric, m.Image, m.Distance, verified.Distance)
			}
		}
	}
}

// goWithoutIndex drops the index, as one does for a bulk load: the plan must
// not speak of it.
func (b *bench) goWithoutIndex(s face.Space) {
	b.exec(`DROP INDEX visage.embeddings_2_hnsw`)
	q := face.Query{Gallery: "default", Space: s, Probe: mate(4000), Metric: face.Cosine, Limit: 10}
	exactly := func(when string) {
		if got, plan := b.find(q); plan.Plan != face.PlanExact || !plan.Complete || len(got) != 10 || got[0] != "/l/4000" {
			b.Errorf("%s: plan %+v and %v", when, plan, got)
		}
	}
	exactly("without an index")

	// An index that is being built waits for a transaction that may add to it.
	hold := b.begin()
	_, err := hold.Exec(b.Context(), `LOCK visage.embeddings_2 IN ROW EXCLUSIVE MODE`)
	b.ok(err)
	built := make(chan error, 1)
	go func() {
		_, err := b.sql.Exec(b.Context(), `CREATE INDEX CONCURRENTLY embeddings_2_hnsw ON visage.embeddings_2
			USING hnsw ((embedding::halfvec(64)) halfvec_cosine_ops) WITH (m = 4, ef_construction = 8)`)
		built <- err
	}()
	b.waitFor(stuck)
	exactly("while an index is built")
	b.ok(hold.Rollback(b.Context()))
	b.ok(<-built)
	if _, plan := b.find(q); plan.Plan != face.PlanHNSW {
		b.Errorf("with the index built, plan %+v", plan)
	}
}

// goInvalidIndex searches while the index is what a build that failed leaves.
func (b *bench) goInvalidIndex(s face.Space) {
	const mark = `UPDATE pg_index SET indisvalid = $1 WHERE indexrelid = 'visage.embeddings_2_hnsw'::regclass`
	b.exec(mark, false)
	q := face.Query{Gallery: "default", Space: s, Probe: mate(4000), Metric: face.Cosine, Limit: 10}
	got, plan := b.find(q)
	if want := truth(q.Probe, 0, largeRows, 10); !slices.Equal(got, want) || plan != (face.Plan{Plan: face.PlanExact, Rows: largeRows, Complete: true}) {
		b.Errorf("plan %+v and %v, want a complete exact one and %v", plan, got, want)
	}
	b.exec(mark, true)
}

func TestNearestRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 4, true)
	q := face.Query{Gallery: "default", Space: s, Probe: []float32{1, 0, 0, 0}, Metric: face.Cosine, Limit: 1}
	_, _, err := b.db.Nearest(t.Context(), q)
	b.fails(err, face.NotFound, s.Name(), "there is none yet")
	b.ok(b.db.EnsureSpace(t.Context(), s))
	_, _, err = b.db.Nearest(t.Context(), q)
	b.fails(err, face.NotFound, `"default"`, "there is none yet")
	b.ok(b.db.CreateGallery(t.Context(), "one"))
	b.ok(b.db.CreateGallery(t.Context(), "two"))
	_, _, err = b.db.Nearest(t.Context(), q)
	b.fails(err, face.NotFound, `"default"`, "there is one, two")
	q.Gallery = "one"
	q.Limit = face.MostCandidates
	_, _, err = b.db.Nearest(t.Context(), q)
	b.ok(err)
	q.Limit++
	_, _, err = b.db.Nearest(t.Context(), q)
	b.fails(err, face.Invalid, "10001 candidates", "10000")
	q.Limit = 1
	q.Probe, q.Space.Dim = []float32{1, 0, 0}, 3
	_, _, err = b.db.Nearest(t.Context(), q)
	b.fails(err, face.Mismatch, "3 components", "has 4")
}
