package postgres_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// value is a random JSON value of a few keys, words and numbers, so that one
// often contains another.
func value(r *rand.Rand, depth int) string {
	scalars := []string{"null", "true", "false", "0", "-0.0", "1", "1.0", "10e-1", "2", "1e2", "100", `""`, `"a"`, `"\u0061"`, `"1"`, "[]", "{}"}
	if depth == 0 || r.IntN(3) == 0 {
		return scalars[r.IntN(len(scalars))]
	}
	if r.IntN(2) == 0 {
		return object(r, depth)
	}
	parts := make([]string, r.IntN(4))
	for i := range parts {
		parts[i] = value(r, depth-1)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// object is a random JSON object; a key may come twice, and the last one counts.
func object(r *rand.Rand, depth int) string {
	parts := make([]string, r.IntN(4))
	for i := range parts {
		parts[i] = fmt.Sprintf("%q: %s", "abc"[r.IntN(3):][:1], value(r, depth-1))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// The oracle's sense of one JSON object containing another is the database's.
func TestMetadataContainAlike(t *testing.T) {
	t.Parallel()
	b, oracle := setup(t), search.NewExact()
	s, r := space("A", 4, true), rand.New(rand.NewPCG(1, 2))
	var batch []face.Enrolment
	for i := range 150 {
		e := photo(fmt.Sprintf("/%d", i), "ann", s, uint64(i))
		e.Image.Metadata = object(r, 3)
		batch = append(batch, e)
		b.ok(oracle.Enrol("g", e))
	}
	b.ok(b.db.Enrol(t.Context(), "g", batch))
	passed := 0
	for range 400 {
		q := face.Query{Gallery: "g", Space: s, Probe: vector(7, 4, 1), Metric: face.Cosine, Limit: 200}
		q.Filter.Metadata = json.RawMessage(object(r, 2))
		want, _, err := oracle.Nearest(t.Context(), q)
		b.ok(err)
		got, _ := b.find(q)
		var paths []string
		for _, c := range want {
			paths = append(paths, c.Image)
		}
		slices.Sort(got)
		slices.Sort(paths)
		if !slices.Equal(got, paths) {
			t.Errorf("%s is contained in %v, by the oracle in %v", q.Filter.Metadata, got, paths)
		}
		passed += min(1, len(got))
	}
	if passed < 100 || passed > 390 {
		t.Errorf("%d of 400 filters let something pass: too few or too many to tell", passed)
	}
}
