package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestEnsureSpace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	wanted := []face.Space{
		space("A", 128, true), space("B", 512, true), space("C", 2622, false), space("D", 4096, false), space("E'; DROP TABLE x; --", 16, true),
	}
	wanted[0].Detector = "opencv"
	for range 2 {
		for _, s := range wanted {
			b.ok(b.db.EnsureSpace(t.Context(), s))
		}
	}
	got, err := b.db.Spaces(t.Context())
	b.ok(err)
	if !slices.Equal(got, wanted) {
		t.Errorf("spaces %v, want %v", got, wanted)
	}
	// attstorage p is PLAIN: in the row; e is EXTERNAL: out of it. A space of 4,096 dimensions begins without an index.
	const shape = `
		SELECT concat_ws(' ', c.relname, a.attstorage, (SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
			JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam WHERE i.indrelid = c.oid AND m.amname = 'hnsw'))
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'embedding'
		WHERE c.relname ~ '^embeddings_[0-9]+$' ORDER BY c.relname`
	lines := strings.Split(b.text(shape), "\n")
	for i, want := range []string{
		"embeddings_1 p CREATE INDEX embeddings_1_hnsw ON visage.embeddings_1 USING hnsw (((embedding)::halfvec(128)) halfvec_cosine_ops) WITH (m='16', ef_construction='200')",
		"embeddings_2 p CREATE INDEX embeddings_2_hnsw ON visage.embeddings_2 USING hnsw (((embedding)::halfvec(512)) halfvec_cosine_ops) WITH (m='16', ef_construction='200')",
		"embeddings_3 e CREATE INDEX embeddings_3_hnsw ON visage.embeddings_3 USING hnsw (((embedding)::halfvec(2622)) halfvec_cosine_ops) WITH (m='16', ef_construction='200')",
		"embeddings_4 e",
	} {
		if lines[i] != want {
			t.Errorf("partition %q, want %q", lines[i], want)
		}
	}

	// The widest vector of a row still fits in a page.
	widest := space("W", 2000, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/w", "sample-01", widest, 1)}))
	// Wide ones go out of line and come back.
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/w", "sample-01", wanted[3], 1)}))
	found, plan, err := b.db.Nearest(t.Context(), face.Query{
		Gallery: "g", Space: wanted[3], Probe: vector(1, 4096, 1), Metric: face.Cosine, Limit: 3,
	})
	if err != nil || len(found) != 1 || len(found[0].Vector) != 4096 || plan.Plan != face.PlanExact {
		t.Errorf("4,096 dimensions give %d candidates, plan %+v (%v)", len(found), plan, err)
	}
}

func TestEnsureSpaceRefusals(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 128, true)
	b.ok(b.db.EnsureSpace(t.Context(), s))
	for name, change := range map[string]func(*face.Space){
		"other dimension":                 func(s *face.Space) { s.Dim = 64 },
		"other length":                    func(s *face.Space) { s.Unit = false },
		"weights with the same beginning": func(s *face.Space) { s.Weights = s.Weights[:63] + "x" },
	} {
		changed := s
		change(&changed)
		err := b.db.EnsureSpace(t.Context(), changed)
		if got := face.CodeOf(err); got != face.Mismatch {
			t.Errorf("%s: code %q (%v), want %q", name, got, err, face.Mismatch)
		}
	}
	bad := space("B", 0, true)
	b.fails(b.db.EnsureSpace(t.Context(), bad), face.Invalid, "spaces_dim_check")
}

func TestEnsureSpaceAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for _, s := range []face.Space{space("Same", 32, true), space(fmt.Sprintf("Own%d", i), 16+i, true)} {
				if err := b.db.EnsureSpace(t.Context(), s); err != nil {
					t.Error(err)
				}
			}
			if err := b.db.Enrol(t.Context(), "g", []face.Enrolment{photo("/a", "", space("Same", 32, true), 1)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := one[int](b, `SELECT count(*) FROM visage.spaces`); n != 9 {
		t.Errorf("%d spaces, want 9", n)
	}
	for i := range 8 {
		s := space(fmt.Sprintf("Own%d", i), 16+i, true)
		b.exec(`SELECT * FROM visage.nearest($1, 5, $2, 'g')`, asText(vector(1, s.Dim, 1)), s.Name())
	}
}

// asText writes a vector as Postgres reads it.
func asText(v []float32) string {
	parts := make([]string, len(v))
	for i, c := range v {
		parts[i] = fmt.Sprint(c)
	}
	return "[" + strings.Join(parts, ",") + "]"
}

// A space is without an index from the beginning of an import until one is
// finished. One of many dimensions that is small is not named.
func TestUnindexed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, large := space("A", 8, true), space("B", 5000, true)
	b.ok(b.db.EnsureSpace(t.Context(), large))
	b.ok(b.db.EnsureSpace(t.Context(), s))
	unindexed := func(want ...face.Space) {
		t.Helper()
		got, err := b.db.Unindexed(t.Context())
		b.ok(err)
		if !slices.Equal(got, want) {
			t.Errorf("without an index are %v, want %v", got, want)
		}
	}
	unindexed()
	im := b.beginImport(s)
	b.add(im, records(20, s), 20)
	unindexed(s)
	b.finish(b.beginImport(s), true)
	unindexed()
}
