package postgres_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/internal/synthetic"
	"github.com/visagedb/visage/search"
	"github.com/visagedb/visage/search/searchtest"
)

// The wide gallery: 300 people with four templates each, none with a negative
// component, as VGG-Face and DeepFace have them.
const (
	wideDim, widePeople = 4096, 300
	wideRows            = widePeople * photographs
)

// wideTemplates are those of the people, and of one more, with an unseen photograph of
// each, computed once.
var wideTemplates = sync.OnceValue(func() [][]float32 {
	made, err := synthetic.New(synthetic.Config{Dim: wideDim, EffectiveDim: 190, GenuineMean: 0.62, GenuineSD: 0.12, NonNegative: true, Seed: 3})
	if err != nil {
		panic(err)
	}
	all := make([][]float32, (widePeople+1)*(photographs+1))
	for n := range all {
		all[n] = made.Template(n/(photographs+1), n%(photographs+1))
	}
	return all
})

// nonNegative are the templates of a wide gallery, of length 1 or as many times that as
// the photograph's number.
func nonNegative(s face.Space) (rows []face.Record, template func(person, photograph int) []float32) {
	template = func(person, photograph int) []float32 {
		v := slices.Clone(wideTemplates()[person*(photographs+1)+photograph])
		for i := range v {
			if !s.Unit {
				v[i] *= 1 + float32(photograph)
			}
		}
		return v
	}
	for n := range wideRows {
		person := n / photographs
		rows = append(rows, face.Record{Identity: fmt.Sprint(person), Image: fmt.Sprint(n), Vector: template(person, n%photographs)})
	}
	return rows, template
}

// wideGallery is a database with a wide gallery, imported and so indexed.
func wideGallery(t *testing.T, s face.Space) (*bench, func(person, photograph int) []float32) {
	t.Helper()
	b := setup(t)
	rows, template := nonNegative(s)
	im := b.beginImport(s)
	for part := range slices.Chunk(rows, 400) {
		b.add(im, part, len(part))
	}
	b.finish(im, true)
	return b, template
}

// functions are those that indexes are made of.
func (b *bench) functions() string {
	b.Helper()
	return b.text(`SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'visage'::regnamespace AND p.proname ~ '^bits_[0-9]+$' ORDER BY 1`)
}

// A space of many dimensions is searched through an index over bits: by all
// metrics, with what the curve of any index says, and what is enrolled later is
// found.
func TestWideIndex(t *testing.T) {
	t.Parallel()
	s := space("Wide", wideDim, true)
	b, template := wideGallery(t, s)
	index := b.listed(s).Indexes
	if len(index) != 1 || index[0].Name != "embeddings_1_hnsw" || index[0].Metric != face.Cosine || !index[0].Valid || b.functions() != "bits_1(vector)" {
		t.Fatalf("indexes %+v, functions %q", index, b.functions())
	}
	q := face.Query{Gallery: "g", Space: s, Probe: template(7, unseen), Metric: face.Cosine, Limit: 10}
	b.ok(b.db.SearchByIndex(t.Context(), q, wideRows))
	mates, recall := 0.0, 0.0
	metrics := []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular}
	for probe := range 40 {
		q.Probe, q.Metric, q.Exact = template(7*probe, unseen), metrics[probe%4], false
		got, plan := b.find(q)
		q.Exact = true
		want, _ := b.find(q)
		if plan.Plan != face.PlanHNSW || plan.EfSearch != 200 || len(got) != 10 || got[0] != want[0] {
			t.Fatalf("%s: plan %+v, found %v, want %v", q.Metric, plan, got, want)
		}
		recall += share(got, want) / 40
		mates += b.mates(q, fmt.Sprint(7*probe)) / 40
	}
	// Measured here: 1, and all mates.
	if t.Logf("recall of 10: %.4f, mates %.4f", recall, mates); recall < 0.97 || mates < 0.98 {
		t.Errorf("recall of 10: %.4f, mates %.4f", recall, mates)
	}
	plan, err := b.db.ExplainIndexSearch(t.Context(), q)
	if err != nil || !strings.Contains(plan, "Index Scan using embeddings_1_hnsw on embeddings_1") {
		t.Errorf("not by the index (%v):\n%s", err, plan)
	}
	q.Exact, q.Filter = false, face.Filter{Identities: []string{"5", "9"}}
	answers, err := b.db.NearestAll(t.Context(), q, [][]float32{template(9, unseen), template(5, unseen)})
	if err != nil || len(answers) != 2 || answers[0].Candidates[0].Identity != "9" || answers[1].Candidates[0].Identity != "5" {
		t.Errorf("two probes through a filter: %+v (%v)", answers, err)
	}

	late := photo("/late", "late", s, 1)
	late.Templates[0].Vector = template(widePeople, 0)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{late}))
	q.Filter, q.Probe = face.Filter{}, template(widePeople, unseen)
	if got, plan := b.find(q); plan.Plan != face.PlanHNSW || got[0] != "/late" {
		t.Errorf("enrolled later: %v by %+v", got, plan)
	}
}

// mates is the share of an identity's templates among the nearest of an exact search that
// are among those through the index.
func (b *bench) mates(q face.Query, identity string) float64 {
	b.Helper()
	all, _, err := b.db.Nearest(b.Context(), q)
	b.ok(err)
	q.Exact = false
	got, _, err := b.db.Nearest(b.Context(), q)
	b.ok(err)
	return count(got, identity) / max(1, count(all, identity))
}

// The curve of a wide index is measured and kept as that of any other.
func TestWideIndexRecall(t *testing.T) {
	t.Parallel()
	s := space("Wide", wideDim, true)
	b, _ := wideGallery(t, s)
	curve, err := search.MeasureRecall(t.Context(), b.db, search.RecallOptions{Gallery: "g", Space: s, Metric: face.Cosine, Probes: 40})
	b.ok(err)
	first, last := curve.Points[0], curve.Points[len(curve.Points)-1]
	if first.Recall >= last.Recall || last.Recall < 0.99 || last.Estimate() < 0.99 {
		t.Errorf("from %+v to %+v", first, last)
	}
	b.ok(b.db.StoreRecall(t.Context(), s, curve))
	if got := b.listed(s).Indexes[0].Recall; got == nil || got.Rows != wideRows {
		t.Errorf("kept %+v", got)
	}
	p, err := b.db.PlanIndex(t.Context(), s, 0, postgres.IndexSettings{})
	b.ok(err)
	if real := float64(b.listed(s).Indexes[0].Bytes); p.Type != "bit" || p.PerPage != 10 || math.Abs(real/float64(p.Bytes)-1) > 0.05 {
		t.Errorf("planned %+v, the index has %.0f bytes", p, real)
	}
}

// A wide index needs templates to be made from. Dropped, it takes its function with
// it; built anew, it has means of its own; what a build left that was cut short is
// replaced.
func TestWideIndexLife(t *testing.T) {
	t.Parallel()
	s := space("Wide", wideDim, true)
	b := setup(t)
	b.ok(b.db.EnsureSpace(t.Context(), s))
	_, err := b.db.BuildIndex(t.Context(), s, postgres.IndexSettings{}, quiet)
	b.fails(err, face.NotFound, "0 templates", "at least 1000")
	rows, template := nonNegative(s)
	im := b.beginImport(s)
	b.add(im, rows[:300], 300)
	b.finish(im, false)
	for part := range slices.Chunk(rows[300:], 400) {
		b.add(im, part, len(part))
	}
	q := face.Query{Gallery: "g", Space: s, Probe: template(7, unseen), Metric: face.Angular, Limit: 3}
	nearest := func(indexed bool) {
		t.Helper()
		b.ok(b.db.SearchByIndex(t.Context(), q, wideRows))
		got, plan := b.find(q)
		if (plan.Plan == face.PlanHNSW) != indexed || len(got) != 3 {
			t.Errorf("plan %+v, found %v", plan, got)
		}
		if sql := b.nearest(`visage.nearest($1, 3, $2, 'g', 'angular')`, asText(q.Probe), s.Name()); !slices.Equal(sql, got) {
			t.Errorf("visage.nearest gives %v, want %v", sql, got)
		}
		how := b.text(`EXPLAIN SELECT * FROM visage.nearest('` + asText(q.Probe) + `', 3, '` + s.Name() + `', 'g', 'angular')`)
		if strings.Contains(how, "Index Scan using embeddings_1_hnsw") != indexed {
			t.Errorf("visage.nearest is planned as\n%s", how)
		}
	}
	nearest(false)
	built := b.build(s, postgres.IndexSettings{})
	if !built.Built || built.Dropped || built.Metric != face.Cosine {
		t.Errorf("built %+v", built)
	}
	nearest(true)
	if again := b.build(s, postgres.IndexSettings{Metric: face.Euclidean}); again.Built {
		t.Errorf("built again %+v", again)
	}
	b.exec(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'visage.embeddings_1_hnsw'::regclass`)
	if _, plan := b.find(q); plan.Plan != face.PlanExact {
		t.Errorf("with an unusable index: %+v", plan)
	}
	if built = b.build(s, postgres.IndexSettings{}); !built.Built || !built.Dropped || !built.Valid {
		t.Errorf("repaired %+v", built)
	}
	nearest(true)
	_, err = b.db.DropIndex(t.Context(), s, face.Cosine)
	b.ok(err)
	if left := b.functions() + b.indexes(); left != "" {
		t.Errorf("a dropped index leaves %q", left)
	}
	nearest(false)
	b.build(s, postgres.IndexSettings{})
	b.ok(b.db.MigrateDown(t.Context(), int(latestVersion(b))-15))
	if left := b.functions() + b.indexes(); left != "" {
		t.Errorf("going back leaves %q", left)
	}
	b.ok(b.db.MigrateUp(t.Context()))
	nearest(false)
}

func latestVersion(b *bench) uint {
	b.Helper()
	latest, err := postgres.LatestVersion()
	b.ok(err)
	return latest
}

// Bits know nothing of lengths: where these differ, raw euclidean is searched exactly.
func TestWideIndexOfOtherLengths(t *testing.T) {
	t.Parallel()
	s := space("Wide", wideDim, false)
	b, template := wideGallery(t, s)
	q := face.Query{Gallery: "g", Space: s, Probe: template(7, unseen), Metric: face.Cosine, Limit: 3}
	b.ok(b.db.SearchByIndex(t.Context(), q, wideRows))
	if got, plan := b.find(q); plan.Plan != face.PlanHNSW || b.mates(q, "7") != 1 {
		t.Errorf("found %v by %+v", got, plan)
	}
	q.Metric = face.Euclidean
	if _, plan := b.find(q); !plan.Complete {
		t.Errorf("raw euclidean by %+v", plan)
	}
	_, err := b.db.BuildIndex(t.Context(), s, postgres.IndexSettings{Metric: face.Euclidean}, quiet)
	b.fails(err, face.Invalid, "raw euclidean", "searched exactly")
	for metric, indexed := range map[string]bool{"cosine": true, "euclidean": false} {
		plan := b.text(fmt.Sprintf(`EXPLAIN SELECT * FROM visage.nearest('%s', 3, '%s', 'g', '%s')`, asText(q.Probe), s.Name(), metric))
		if strings.Contains(plan, "Index Scan using embeddings_1_hnsw") != indexed {
			t.Errorf("%s is planned as\n%s", metric, plan)
		}
	}
}

// A role that may only add rows adds them to the index too.
func TestWideIndexTakesRowsOfOthers(t *testing.T) {
	t.Parallel()
	s := space("Wide", wideDim, true)
	b, _ := wideGallery(t, s)
	role := "visage_test_wide_" + one[string](b, `SELECT right(current_database(), 8)`)
	tx := b.begin()
	for _, statement := range []string{
		`CREATE ROLE ` + role, `GRANT USAGE ON SCHEMA visage TO ` + role, `GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA visage TO ` + role,
		`CREATE TEMP TABLE kept AS SELECT * FROM visage.embeddings LIMIT 1`, `GRANT SELECT ON kept TO ` + role, `SET LOCAL ROLE ` + role,
		`DELETE FROM visage.embeddings WHERE face_id IN (SELECT face_id FROM kept)`, `INSERT INTO visage.embeddings SELECT * FROM kept`,
	} {
		_, err := tx.Exec(t.Context(), statement)
		b.ok(err)
	}
}

// TestWideGalleryPort holds the database to what every search.Gallery does where the
// suite's wide space is searched through its index.
func TestWideGalleryPort(t *testing.T) {
	t.Parallel()
	searchtest.Gallery(t, func(t *testing.T, stock searchtest.Stock) search.Gallery {
		db := pgtest.New(t)
		b := &bench{T: t, db: db}
		for _, name := range stock.Galleries {
			b.ok(db.CreateGallery(t.Context(), name))
		}
		for _, s := range stock.Spaces {
			b.ok(db.EnsureSpace(t.Context(), s))
		}
		for _, e := range stock.Enrolments {
			b.ok(db.Enrol(t.Context(), e.Gallery, []face.Enrolment{e.Enrolment}))
		}
		of := slices.IndexFunc(stock.Enrolments, func(e searchtest.Enrolment) bool { return e.Space.Dim == wideDim })
		first := stock.Enrolments[of]
		rows, _ := nonNegative(first.Space)
		im, err := db.BeginImport(t.Context(), "strangers", first.Space)
		b.ok(err)
		b.add(im, rows[:1000], 1000)
		b.finish(im, true)
		q := face.Query{Gallery: first.Gallery, Space: first.Space, Probe: first.Templates[0].Vector, Metric: face.Cosine, Limit: 3}
		b.ok(db.SearchByIndex(t.Context(), q, int64(len(rows))))
		if got, plan := b.find(q); plan.Plan != face.PlanHNSW || got[0] != first.Image.Path {
			t.Errorf("found %v by %+v", got, plan)
		}
		return db
	})
}
