package postgres_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

func quiet(postgres.IndexProgress) {}

// loaded is a database with so many templates of a space in gallery g, indexed.
func loaded(t *testing.T, s face.Space, n int) *bench {
	t.Helper()
	b := setup(t)
	rows := records(n, s)
	for i := range rows {
		if !s.Unit {
			rows[i].Vector = vector(uint64(i), s.Dim, 0.5+float64(i%7))
		}
	}
	im := b.beginImport(s)
	b.add(im, rows, n)
	b.finish(im, true)
	return b
}

// listed is what the list says of a space.
func (b *bench) listed(s face.Space) postgres.SpaceIndexes {
	b.Helper()
	all, err := b.db.Indexes(b.Context())
	b.ok(err)
	i := slices.IndexFunc(all, func(l postgres.SpaceIndexes) bool { return l.Space == s })
	if i < 0 {
		b.Fatalf("%s is not among %+v", s.Name(), all)
	}
	return all[i]
}

func (b *bench) build(s face.Space, settings postgres.IndexSettings) postgres.IndexBuild {
	b.Helper()
	built, err := b.db.BuildIndex(b.Context(), s, settings, quiet)
	b.ok(err)
	return built
}

func TestIndexes(t *testing.T) {
	t.Parallel()
	s, wide := space("A", 16, true), space("B", 5000, true)
	b := loaded(t, s, 300)
	b.ok(b.db.EnsureSpace(t.Context(), wide))
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/w", "sample-01", wide, 1)}))
	got := b.listed(s)
	if len(got.Indexes) != 1 || got.Rows != 300 || math.Abs(got.Share-300./301) > 1e-9 || got.Dim != 16 || !got.Unit {
		t.Fatalf("listed %+v", got)
	}
	i := got.Indexes[0]
	if want := (postgres.Index{Name: "embeddings_1_hnsw", Metric: face.Cosine, Kind: "hnsw", Valid: true, Bytes: i.Bytes, M: 16, EfConstruction: 200}); i != want || i.Bytes < 300*2*16 {
		t.Errorf("index %+v, want %+v", i, want)
	}
	if got := b.listed(wide); got.Rows != 1 || len(got.Indexes) != 0 || got.Indexes == nil {
		t.Errorf("a wide space has %+v", got)
	}
}

// Raw euclidean has an index of its own where templates are not of length 1:
// it is built on demand, used, and what it finds is what the exact scan finds.
func TestIndexOfRawEuclidean(t *testing.T) {
	t.Parallel()
	const n = 3000
	s := space("A", 16, false)
	b := loaded(t, s, n)
	q := face.Query{Gallery: "g", Space: s, Probe: vector(77, 16, 3), Metric: face.Euclidean, Limit: 10}
	b.ok(b.db.SearchByIndex(t.Context(), q, n))
	if _, plan := b.find(q); plan.Plan != face.PlanExact {
		t.Errorf("without its index euclidean is searched by %+v", plan)
	}
	built := b.build(s, postgres.IndexSettings{Metric: face.Euclidean, M: 12, EfConstruction: 100})
	if !built.Built || built.Dropped || built.Name != "embeddings_1_hnsw_l2" || built.Metric != face.Euclidean || built.M != 12 || built.EfConstruction != 100 {
		t.Errorf("built %+v", built)
	}
	if got := b.listed(s).Indexes; len(got) != 2 || got[0].Metric != face.Cosine || got[1] != built.Index {
		t.Errorf("indexes %+v", got)
	}
	b.ok(b.db.SearchByIndex(t.Context(), q, n))
	for metric, index := range map[face.Metric]string{
		face.Euclidean: "embeddings_1_hnsw_l2", face.Cosine: "embeddings_1_hnsw", face.EuclideanL2: "embeddings_1_hnsw", face.Angular: "embeddings_1_hnsw",
	} {
		q.Metric = metric
		plan, err := b.db.ExplainIndexSearch(t.Context(), q)
		if err != nil || !strings.Contains(plan, "Index Scan using "+index+" on embeddings_1") {
			t.Errorf("%s: not by %s (%v):\n%s", metric, index, err, plan)
		}
	}
	recall := map[face.Metric]float64{}
	for probe := range 30 {
		for _, metric := range []face.Metric{face.Euclidean, face.Cosine} {
			q.Probe, q.Metric, q.Exact = vector(uint64(9000+probe), 16, 3), metric, false
			got, plan := b.find(q)
			q.Exact = true
			want, _ := b.find(q)
			if plan.Plan != face.PlanHNSW {
				t.Fatalf("%s: plan %+v", metric, plan)
			}
			recall[metric] += share(got, want) / 30
		}
	}
	if recall[face.Euclidean] < 0.97 || recall[face.Cosine] < 0.97 {
		t.Errorf("recall of 10: %v", recall)
	}
}

// In a space of templates of length 1 the one index serves raw euclidean too.
func TestIndexOfUnitSpaceServesEuclidean(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 50)
	if built := b.build(s, postgres.IndexSettings{Metric: face.Euclidean}); built.Built || built.Name != "embeddings_1_hnsw" || built.Metric != face.Cosine {
		t.Errorf("built %+v", built)
	}
}

func TestDropIndexThenExact(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 500)
	q := face.Query{Gallery: "g", Space: s, Probe: vector(7, 16, 1), Metric: face.Angular, Limit: 5}
	b.ok(b.db.SearchByIndex(t.Context(), q, 500))
	if _, plan := b.find(q); plan.Plan != face.PlanHNSW {
		t.Errorf("with an index: %+v", plan)
	}
	dropped, err := b.db.DropIndex(t.Context(), s, face.Angular)
	b.ok(err)
	if dropped.Name != "embeddings_1_hnsw" || dropped.Bytes == 0 || b.indexes() != "" {
		t.Errorf("dropped %+v, left %q", dropped, b.indexes())
	}
	if _, plan := b.find(q); plan != (face.Plan{Plan: face.PlanExact, Rows: 500, Complete: true}) {
		t.Errorf("without an index: %+v", plan)
	}
	_, err = b.db.DropIndex(t.Context(), s, face.Cosine)
	b.fails(err, face.NotFound, "no index for cosine")
	b.build(s, postgres.IndexSettings{})
	b.ok(b.db.SearchByIndex(t.Context(), q, 500))
	if _, plan := b.find(q); plan.Plan != face.PlanHNSW {
		t.Errorf("built again: %+v", plan)
	}
}

// A build that is cut short leaves an unusable index, which searches do without
// and the next build replaces. While one runs, a second one is refused.
func TestBuildIndexCutShort(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 400)
	_, err := b.db.DropIndex(t.Context(), s, face.Cosine)
	b.ok(err)
	writer := b.begin()
	_, err = writer.Exec(t.Context(), `LOCK TABLE visage.embeddings_1 IN ROW EXCLUSIVE MODE`)
	b.ok(err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waits := make(chan string, 100)
	done := make(chan error, 1)
	go func() {
		_, err := b.db.BuildIndex(ctx, s, postgres.IndexSettings{}, func(p postgres.IndexProgress) { waits <- p.Phase })
		done <- err
	}()
	if phase := <-waits; !strings.Contains(phase, "waiting for writers") {
		t.Errorf("phase %q", phase)
	}
	if i := b.listed(s).Indexes; len(i) != 1 || i[0].Valid || !i[0].Building {
		t.Errorf("while it is built: %+v", i)
	}
	_, err = b.db.BuildIndex(t.Context(), s, postgres.IndexSettings{}, quiet)
	b.fails(err, face.Unavailable, "another build")
	cancel()
	b.fails(<-done, face.Cancelled)
	b.waitFor(`SELECT NOT EXISTS (SELECT FROM pg_stat_progress_create_index)
		AND NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`)
	b.ok(writer.Rollback(t.Context()))

	if i := b.listed(s).Indexes; len(i) != 1 || i[0].Valid || i[0].Building {
		t.Errorf("a build that was cut short leaves %+v", i)
	}
	q := face.Query{Gallery: "g", Space: s, Probe: vector(7, 16, 1), Metric: face.Cosine, Limit: 5}
	b.ok(b.db.SearchByIndex(t.Context(), q, 400))
	if _, plan := b.find(q); !plan.Complete {
		t.Errorf("with an unusable index: %+v", plan)
	}
	built := b.build(s, postgres.IndexSettings{})
	if !built.Built || !built.Dropped || !built.Valid {
		t.Errorf("built %+v", built)
	}
	if again := b.build(s, postgres.IndexSettings{}); again.Built || again.Index != built.Index {
		t.Errorf("built again %+v", again)
	}
	_, err = b.db.BuildIndex(t.Context(), s, postgres.IndexSettings{M: 24}, quiet)
	b.fails(err, face.Exists, "m 16", "visage index drop")
}

// Parallel workers stay away from a pgvector whose parallel builds are faulty,
// unless they are asked for.
func TestBuildIndexWorkers(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 50)
	two := 2
	for _, c := range []struct {
		pgvector string
		workers  *int
		want     int
		note     string
	}{
		{"0.8.1", nil, 0, "no parallel workers"},
		{"0.8.1", &two, 2, "one was asked for"},
		{"0.8.2", nil, 1, ""},
		{"0.8.2", &two, 2, ""},
	} {
		b.exec(`UPDATE pg_extension SET extversion = $1 WHERE extname = 'vector'`, c.pgvector)
		b.exec(`ALTER ROLE CURRENT_USER IN DATABASE ` + pgx.Identifier{one[string](b, `SELECT current_database()`)}.Sanitize() + ` SET max_parallel_maintenance_workers = 1`)
		fresh := connect(t, b.url)
		_, err := fresh.db.DropIndex(t.Context(), s, face.Cosine)
		b.ok(err)
		settings := postgres.IndexSettings{Workers: c.workers, Memory: "77MB"}
		plan, err := fresh.db.PlanIndex(t.Context(), s, 0, settings)
		b.ok(err)
		built := fresh.build(s, settings)
		if built.Workers != c.want || plan.Workers != c.want || plan.Memory != 77<<20 {
			t.Errorf("pgvector %s: %d workers, %d planned, want %d, with %d bytes", c.pgvector, built.Workers, plan.Workers, c.want, plan.Memory)
		}
		if said := strings.Join(built.Notes, " "); (said == "") != (c.note == "") || !strings.Contains(said, c.note) || strings.Join(plan.Warnings, " ") != said {
			t.Errorf("pgvector %s: notes %q, warnings %q", c.pgvector, built.Notes, plan.Warnings)
		}
	}
}

// The sizes of performance measurements that others published, within 3 %, and a
// table that does not share a page.
func TestIndexBytes(t *testing.T) {
	t.Parallel()
	for dim, perVector := range map[int]int64{128: 546, 512: 1365, 1536: 4096, 3900: 8192, 4000: 16384, 4096: 819} {
		if got := postgres.IndexBytes(1_000_000, dim, 16) / 1_000_000; got != perVector {
			t.Errorf("%d dimensions: %d bytes a vector, want %d", dim, got, perVector)
		}
	}
}

// The size that is planned is that of the index that is built.
func TestPlanIndexAgreesWithBuild(t *testing.T) {
	t.Parallel()
	s := space("A", 64, true)
	b := loaded(t, s, 4000)
	p, err := b.db.PlanIndex(t.Context(), s, 0, postgres.IndexSettings{})
	b.ok(err)
	if real := float64(b.listed(s).Indexes[0].Bytes); p.Rows != 4000 || math.Abs(real/float64(p.Bytes)-1) > 0.03 {
		t.Errorf("planned %d bytes for %d rows, the index has %.0f", p.Bytes, p.Rows, real)
	}
	if !p.Fits || p.Seconds <= 0 || len(p.Warnings) > 1 {
		t.Errorf("planned %+v", p)
	}
	p, err = b.db.PlanIndex(t.Context(), s, 10_000_000, postgres.IndexSettings{M: 32})
	b.ok(err)
	if p.Fits || p.Rows != 10_000_000 || p.EfConstruction != 200 || !strings.Contains(strings.Join(p.Warnings, " "), "maintenance_work_mem") {
		t.Errorf("for ten millions: %+v", p)
	}
}

// The server says after how many templates the graph no longer fits: the plan's
// figure is near.
func TestPlanIndexAgreesWithMemory(t *testing.T) {
	t.Parallel()
	s := space("A", 512, true)
	b := loaded(t, s, 2000)
	settings, err := pgx.ParseConfig(b.url)
	b.ok(err)
	var notice string
	settings.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notice += n.Message }
	conn, err := pgx.ConnectConfig(t.Context(), settings)
	b.ok(err)
	defer conn.Close(t.Context())
	for _, statement := range []string{`SET maintenance_work_mem = '2MB'`, `SET max_parallel_maintenance_workers = 0`, `REINDEX INDEX visage.embeddings_1_hnsw`} {
		_, err := conn.Exec(t.Context(), statement)
		b.ok(err)
	}
	_, after, found := strings.Cut(notice, "after ")
	number, _, _ := strings.Cut(after, " ")
	tuples := one[int64](b, `SELECT $1::text::bigint`, number)
	if planned := postgres.GraphBytes(tuples, 512, 16); !found || math.Abs(float64(planned)/(2<<20)-1) > 0.15 {
		t.Errorf("the server says %q; planned for so many are %d bytes", notice, planned)
	}
}

func TestIndexRefusals(t *testing.T) {
	t.Parallel()
	s, wide := space("A", 16, false), space("B", 5000, false)
	b := loaded(t, s, 5)
	b.ok(b.db.EnsureSpace(t.Context(), wide))
	minus := -1
	for name, c := range map[string]struct {
		space    face.Space
		settings postgres.IndexSettings
		code     face.Code
	}{
		"unknown space":   {space("C", 16, true), postgres.IndexSettings{}, face.NotFound},
		"wide space":      {wide, postgres.IndexSettings{Metric: face.Euclidean}, face.Invalid},
		"unknown metric":  {s, postgres.IndexSettings{Metric: "taxicab"}, face.Invalid},
		"m":               {s, postgres.IndexSettings{M: 101}, face.Invalid},
		"ef_construction": {s, postgres.IndexSettings{M: 40, EfConstruction: 79}, face.Invalid},
		"workers":         {s, postgres.IndexSettings{Workers: &minus}, face.Invalid},
	} {
		_, built := b.db.BuildIndex(t.Context(), c.space, c.settings, quiet)
		_, planned := b.db.PlanIndex(t.Context(), c.space, 0, c.settings)
		if face.CodeOf(built) != c.code || face.CodeOf(planned) != c.code {
			t.Errorf("%s: %v and %v, want %s", name, built, planned, c.code)
		}
	}
	_, err := b.db.BuildIndex(t.Context(), s, postgres.IndexSettings{Metric: face.Euclidean, Memory: "much"}, quiet)
	b.fails(err, face.Invalid, "maintenance_work_mem")
	if i := b.listed(s).Indexes; len(i) != 1 {
		t.Errorf("a build that was refused leaves %+v", i)
	}
	var told *face.Error
	if _, err := b.db.DropIndex(t.Context(), s, face.Euclidean); !errors.As(err, &told) || told.Code != face.NotFound {
		t.Errorf("an index that is not there: %v", err)
	}
}
