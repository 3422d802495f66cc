package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// objects lists what the schema holds apart from golang-migrate's own table.
const objects = `
	SELECT name FROM (
		SELECT c.relkind::text || ' ' || c.relname || ' ' || coalesce(obj_description(c.oid, 'pg_class'), '') AS name
		FROM pg_class c WHERE c.relnamespace = 'visage'::regnamespace
		UNION ALL
		SELECT 'f ' || p.oid::regprocedure || ' ' || coalesce(obj_description(p.oid, 'pg_proc'), '')
		FROM pg_proc p WHERE p.pronamespace = 'visage'::regnamespace) o
	WHERE name NOT LIKE '%schema_migrations%' ORDER BY 1`

const settings = `
	SELECT unnest(s.setconfig) FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
	WHERE d.datname = current_database() ORDER BY 1`

func TestMigrateUpDownUp(t *testing.T) {
	t.Parallel()
	b := connect(t, pgtest.EmptyURL(t))
	latest, err := postgres.LatestVersion()
	b.ok(err)
	b.fails(b.db.RequireSchema(t.Context()), face.Unavailable, "visage migrate up")

	b.ok(b.db.MigrateUp(t.Context()))
	up, set := b.text(objects), b.text(settings)
	if want := "hnsw.ef_search=200\nhnsw.iterative_scan=relaxed_order\njit=off"; set != want {
		t.Errorf("the database's settings are %q, want %q", set, want)
	}
	b.ok(b.db.RequireSchema(t.Context()))
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/a", "sample-01", space("A", 8, true), 1)}))
	b.ok(b.db.MigrateUp(t.Context()))
	if n := one[int](b, `SELECT count(*) FROM visage.gallery_faces`); n != 1 {
		t.Errorf("a second MigrateUp leaves %d faces, want 1", n)
	}

	b.ok(b.db.MigrateDown(t.Context(), int(latest)+5))
	if left := b.text(objects) + b.text(settings); left != "" {
		t.Errorf("MigrateDown leaves\n%s", left)
	}
	if version, dirty, err := b.db.MigrateVersion(t.Context()); version != 0 || dirty || err != nil {
		t.Errorf("version %d, dirty %t (%v) after MigrateDown", version, dirty, err)
	}
	b.fails(b.db.CreateGallery(t.Context(), "g"), face.Unavailable, "visage migrate up")

	b.ok(b.db.MigrateUp(t.Context()))
	if again := b.text(objects); again != up {
		t.Errorf("up, down, up gives\n%s\nwant\n%s", again, up)
	}
}

// Detectors that know the mouth's middle give four landmarks; going back leaves
// the eyes.
func TestFourLandmarks(t *testing.T) {
	t.Parallel()
	b := connect(t, pgtest.EmptyURL(t))
	b.ok(b.db.MigrateUp(t.Context()))
	four := photo("/a", "sample-01", space("A", 8, true), 1)
	four.Templates[0].Detection.Landmarks = face.Landmarks{{X: 1, Y: 2}, {X: 3, Y: 4}, {X: 5, Y: 6}, {X: 7, Y: 8}}
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{four}))
	const marks = `SELECT landmarks::text FROM visage.faces`
	if got := b.text(marks); got != "{1,2,3,4,5,6,7,8}" {
		t.Errorf("landmarks %s", got)
	}
	b.downTo(9)
	if got := b.text(marks); got != "{1,2,3,4}" {
		t.Errorf("landmarks %s after going back", got)
	}
}

// downTo goes back, step by step, until the schema has no later version than this
// one.
func (b *bench) downTo(last uint) {
	b.Helper()
	for {
		version, _, err := b.db.MigrateVersion(b.Context())
		b.ok(err)
		if version <= last {
			return
		}
		b.ok(b.db.MigrateDown(b.Context(), 1))
	}
}

func TestMigrateStepwise(t *testing.T) {
	t.Parallel()
	b := setup(t)
	latest, err := postgres.LatestVersion()
	b.ok(err)
	b.fails(b.db.MigrateDown(t.Context(), 0), face.Invalid)
	for before := latest; before > 0; {
		b.ok(b.db.MigrateDown(t.Context(), 1))
		version, _, err := b.db.MigrateVersion(t.Context())
		if version >= before || err != nil {
			t.Fatalf("version %d (%v) after %d", version, err, before)
		}
		before = version
	}
	b.ok(b.db.MigrateDown(t.Context(), 1))
	b.ok(b.db.MigrateUp(t.Context()))
}

func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.EmptyURL(t)
	benches := []*bench{connect(t, url), connect(t, url), connect(t, url)}
	var group sync.WaitGroup
	for _, b := range benches {
		group.Go(func() {
			if err := b.db.MigrateUp(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	benches[0].ok(benches[0].db.RequireSchema(t.Context()))
}

func TestMigrateRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	b.fails(b.db.MigrateUp(ended), face.Cancelled)

	b.exec(`UPDATE visage.schema_migrations SET dirty = true, version = 3`)
	b.fails(b.db.MigrateUp(t.Context()), face.Unavailable, "cut short")
	b.fails(b.db.RequireSchema(t.Context()), face.Unavailable, "cut short")
	b.exec(`UPDATE visage.schema_migrations SET dirty = false, version = 999`)
	b.fails(b.db.RequireSchema(t.Context()), face.Unavailable, "newer visage")
}

func TestMigrateWithoutRights(t *testing.T) {
	t.Parallel()
	b := connect(t, pgtest.EmptyURL(t))
	role := "visage_test_plain_" + one[string](b, `SELECT right(current_database(), 8)`)
	b.exec(`CREATE ROLE ` + role)
	t.Cleanup(func() {
		b.sql.Reset()
		// t.Context() has ended here.
		for _, statement := range []string{`DROP OWNED BY ` + role, `DROP ROLE ` + role} {
			if _, err := b.sql.Exec(context.Background(), statement); err != nil {
				t.Error(err)
			}
		}
	})
	as := func() *postgres.DB {
		db, err := postgres.Open(t.Context(), postgres.Config{URL: b.url + "&options=" + "-crole%3D" + role})
		b.ok(err)
		t.Cleanup(db.Close)
		return db
	}
	b.fails(as().MigrateUp(t.Context()), face.Unavailable, "superuser", "CREATE EXTENSION")

	b.exec(`CREATE SCHEMA visage AUTHORIZATION ` + role)
	b.exec(`CREATE EXTENSION vector WITH SCHEMA public`)
	b.exec(`GRANT CREATE ON DATABASE "` + one[string](b, `SELECT current_database()`) + `" TO ` + role)
	db := as()
	b.ok(db.MigrateUp(t.Context()))
	b.ok(db.Enrol(t.Context(), "g", []face.Enrolment{photo("/a", "sample-01", space("A", 8, true), 1)}))
	if set := b.text(settings); set != "" {
		t.Errorf("a role that does not own the database set %q", set)
	}
}

func TestOldPgvector(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.exec(`UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'`)
	_, err := postgres.Open(t.Context(), postgres.Config{URL: b.url})
	b.fails(err, face.Unavailable, "0.7.4", "0.8.0", "ALTER EXTENSION")
	b.fails(b.db.MigrateUp(t.Context()), face.Unavailable, "0.7.4")
}

func TestHealth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got, err := b.db.Health(t.Context())
	b.ok(err)
	if got.Server == "" || got.Pgvector == "" || got.Schema != got.Latest || got.Dirty {
		t.Errorf("health %+v", got)
	}
	b.exec(`UPDATE pg_extension SET extversion = '0.8.2' WHERE extname = 'vector'`)
	got, err = b.db.Health(t.Context())
	b.ok(err)
	if len(got.Defects) != 2 || strings.Contains(got.Defects[0], "CVE") {
		t.Errorf("defects of 0.8.2: %q, want the two of vacuum", got.Defects)
	}

	empty := connect(t, pgtest.EmptyURL(t))
	got, err = empty.db.Health(t.Context())
	if err != nil || got.Schema != 0 || got.Pgvector != "" || got.Defects != nil {
		t.Errorf("health of an empty database %+v (%v)", got, err)
	}
}
