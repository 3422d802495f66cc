package postgres_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// pretendCitus makes the database look as if it had Citus, which cannot be installed
// where the tests run: the extension's entry, its tables, and functions that only note
// that they were called. What Citus itself makes of the statements is not tested.
const pretendCitus = `
	INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
	SELECT 4000000000, 'citus', extowner, extnamespace, false, '13.0' FROM pg_extension WHERE extname = 'vector';
	CREATE TABLE public.pg_dist_node (groupid integer);
	CREATE TABLE public.pg_dist_partition (logicalrelid regclass, method text);
	CREATE TABLE public.on_workers (command text);
	CREATE FUNCTION public.create_reference_table(t regclass) RETURNS void LANGUAGE sql
	AS $$ INSERT INTO public.pg_dist_partition VALUES (t, 'reference') $$;
	CREATE FUNCTION public.create_distributed_table(t regclass, c text) RETURNS void LANGUAGE sql
	AS $$ INSERT INTO public.pg_dist_partition VALUES (t, c) $$;
	CREATE FUNCTION public.run_command_on_workers(c text) RETURNS void LANGUAGE sql
	AS $$ INSERT INTO public.on_workers VALUES (c) $$`

// onCitus is a database with templates in two spaces and a pretended Citus.
func onCitus(t *testing.T) (b *bench, spaces []face.Space) {
	t.Helper()
	b = setup(t)
	spaces = []face.Space{space("A", 8, true), space("B", 16, false)}
	for _, s := range spaces {
		b.ok(b.db.Enrol(t.Context(), "g", batchOf(60, s, 0)))
	}
	b.exec(pretendCitus)
	b.exec(`INSERT INTO pg_dist_node VALUES (0)`)
	b = connect(t, b.url)
	b.Cleanup(func() { b.db.Close() })
	return b, spaces
}

func TestWithoutCitus(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.fails(b.db.Distribute(t.Context()), face.Unavailable, "has no Citus", "shared_preload_libraries", "docs/scale.md")
	if distributed, err := b.db.Distributed(t.Context()); distributed || err != nil {
		t.Errorf("distributed %v, %v", distributed, err)
	}
	b.exec(pretendCitus)
	b = connect(t, b.url)
	b.fails(b.db.Distribute(t.Context()), face.Unavailable, "citus_set_coordinator_host")
	b.exec(`UPDATE visage.schema_migrations SET version = version - 1`)
	b.fails(b.db.Distribute(t.Context()), face.Unavailable, "run visage migrate up")
}

// TestDistributionStatements holds what is done to the tables against
// testdata/distribution.sql, in which a migration that adds a table or a foreign key
// shows. Read what docs/scale.md says of Citus before you change it.
func TestDistributionStatements(t *testing.T) {
	t.Parallel()
	b := setup(t)
	statements, err := postgres.Distribution(t.Context(), b.db)
	b.ok(err)
	got := strings.Join(statements, ";\n") + ";\n"
	want, err := os.ReadFile("testdata/distribution.sql")
	b.ok(err)
	if got != string(want) {
		t.Errorf("the statements are\n%s", got)
	}
}

// What Citus asks of tables: every unique index of the distributed one has its
// distribution column, nothing refers to it, no identity column is left in the others,
// and no table has triggers.
func TestSchemaFitsCitus(t *testing.T) {
	t.Parallel()
	b, _ := onCitus(t)
	b.ok(b.db.Distribute(t.Context()))
	for what, query := range map[string]string{
		"a unique index without face_id": `SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'visage.embeddings'::regclass AND indisunique
			AND (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = 'face_id') <> ALL (indkey)`,
		"a reference to the templates": `SELECT conname FROM pg_constraint WHERE contype = 'f' AND confrelid = 'visage.embeddings'::regclass`,
		"an identity column":           `SELECT attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'visage'::regnamespace AND attidentity <> ''`,
		"a trigger":                    `SELECT tgname FROM pg_trigger g JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 'visage'::regnamespace AND NOT tgisinternal`,
		"a table that was forgotten": `SELECT relname FROM pg_class c WHERE relnamespace = 'visage'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
			AND relname <> 'schema_migrations' AND NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = c.oid)`,
	} {
		if found := b.text(query); found != "" {
			t.Errorf("%s: %s", what, found)
		}
	}
	if n := one[int](b, `SELECT count(*) FROM on_workers WHERE command = format('ALTER DATABASE %I SET hnsw.ef_search = 200', current_database())`); n != 1 {
		t.Errorf("the workers' ef_search was set %d times", n)
	}
}

// structure is all that there is of the schema's tables.
const structure = `
	SELECT concat_ws(' ', conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'visage'::regnamespace
	UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'visage'
	UNION ALL SELECT concat_ws(' ', attrelid::regclass, attname, atttypid::regtype, attnotnull, attstorage) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
	          WHERE relnamespace = 'visage'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0
	UNION ALL SELECT concat_ws(' ', objoid::regclass, description) FROM pg_description WHERE objoid::regclass::text LIKE '%embeddings%' AND objsubid = 0
	ORDER BY 1`

// Tables and new spaces are on Citus what they are elsewhere.
func TestDistributedStructure(t *testing.T) {
	t.Parallel()
	more := []face.Space{space("C", 8, true), space("D", 3000, false), space("E", 5000, true)}
	plain := setup(t)
	b, spaces := onCitus(t)
	for _, s := range append(spaces, more...) {
		plain.ok(plain.db.EnsureSpace(t.Context(), s))
	}
	b.ok(b.db.Distribute(t.Context()))
	for range 2 {
		for _, s := range more {
			b.ok(b.db.EnsureSpace(t.Context(), s))
		}
	}
	if got, want := b.text(structure), plain.text(structure); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(5, more[0], 100)))
	wrong := more[0]
	wrong.Dim = 9
	b.fails(b.db.EnsureSpace(t.Context(), wrong), face.Mismatch)
}

// Searches give on Citus what they give elsewhere, by SQL and by the program, whose
// settings hold for the search alone.
func TestDistributedSearch(t *testing.T) {
	t.Parallel()
	b, spaces := onCitus(t)
	nearest := func(of string) string {
		var all []string
		for _, s := range spaces {
			for _, metric := range []string{"cosine", "euclidean", "euclidean_l2", "angular"} {
				for _, k := range []int{1, 10, 100} {
					all = append(all, b.text(fmt.Sprintf(`SELECT concat_ws(' ', face_id, identity, image, round(distance::numeric, 6)) FROM visage.nearest($1, %d, $2, 'g', $3)`, k),
						pgvector.NewVector(vector(3, s.Dim, 1)), s.Name(), metric))
				}
			}
		}
		if text := strings.Join(all, "\n"); strings.Count(text, "\n") > 100 {
			return text
		}
		t.Fatalf("%s it finds next to nothing", of)
		return ""
	}
	before := nearest("before")
	for range 2 {
		b.ok(b.db.Distribute(t.Context()))
	}
	if distributed, err := b.db.Distributed(t.Context()); !distributed || err != nil {
		t.Errorf("distributed %v, %v", distributed, err)
	}
	if after := nearest("after"); after != before {
		t.Errorf("visage.nearest gives\n%s\nand gave\n%s", after, before)
	}
	b.refused("P0002", "", `SELECT * FROM visage.nearest('[1]', 1, 'nowhere', 'g')`)
	plain := connect(t, b.url)
	for _, s := range spaces {
		q := face.Query{Gallery: "g", Space: s, Probe: vector(3, s.Dim, 1), Metric: face.Cosine, Limit: 10}
		found, err := b.db.NearestAt(t.Context(), q, 400)
		b.ok(err)
		exact, _, err := plain.db.Nearest(t.Context(), q)
		b.ok(err)
		if len(found) != 10 || found[0].FaceID != exact[0].FaceID {
			t.Errorf("through the index %d candidates, the first %+v, exactly %+v", len(found), found[0], exact[0])
		}
	}
	settings := map[string]string{"hnsw.ef_search": "777", "enable_seqscan": "off"}
	for name, want := range map[string]string{"hnsw.ef_search": "777", "enable_seqscan": "off", "citus.propagate_set_commands": "local"} {
		if got, err := postgres.SettingsSeen(t.Context(), b.db, settings, name); got != want || err != nil {
			t.Errorf("a search has %s = %q (%v), want %q", name, got, err, want)
		}
	}
	if got, err := postgres.SettingsSeen(t.Context(), b.db, nil, "hnsw.ef_search"); got == "777" || err != nil {
		t.Errorf("after a search, ef_search is %q, %v", got, err)
	}
}
