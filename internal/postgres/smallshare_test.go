package postgres_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// A gallery that is too large to be compared in full, but a small share of its space,
// is searched through the index to the end: neither the tuples that a scan may visit
// nor its memory, both scarce here as the server is set up, end it before.
func TestSmallShareOfALargeSpace(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	const rows, share = 4000, 60
	b := loaded(t, s, rows)
	var batch []face.Enrolment
	for n := range share {
		batch = append(batch, photo(fmt.Sprint("/s/", n), "sample-01", s, uint64(n)+50_000))
	}
	b.ok(b.db.Enrol(t.Context(), "small", batch))
	b.exec(`ANALYZE`)
	for name, scarce := range map[string]string{"tuples": "&hnsw.max_scan_tuples=500", "memory": "&work_mem=64kB&hnsw.scan_mem_multiplier=1"} {
		db := connect(t, b.url+scarce).db
		db.CompareUpTo(share - 1)
		for n := range uint64(20) {
			q := face.Query{Gallery: "small", Space: s, Probe: vector(n, 16, 1), Metric: face.Cosine, Limit: 10}
			found, plan, err := db.Nearest(t.Context(), q)
			b.ok(err)
			q.Exact = true
			want, _, err := db.Nearest(t.Context(), q)
			b.ok(err)
			if plan.Plan != face.PlanHNSW || !slices.EqualFunc(found, want, func(a, b face.Candidate) bool { return a.FaceID == b.FaceID }) {
				t.Errorf("scarce %s, probe %d: plan %+v finds %d, want hnsw and %d, all the same", name, n, plan, len(found), len(want))
			}
		}
	}
}
