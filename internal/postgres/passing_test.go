package postgres_test

import (
	"encoding/json"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// A filter that lets much pass is known by a sample; one that does not is counted. The
// plan is the same as if all were counted.
func TestFilterThatPassesMuch(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	const rows = 4000
	b := loaded(t, s, rows)
	b.db.CompareUpTo(300)
	b.exec(`UPDATE visage.images i SET metadata = jsonb_build_object('half', n % 2, 'tenth', n % 10, 'rare', n % 40)
		FROM (SELECT id, row_number() OVER (ORDER BY path) AS n FROM visage.images) l WHERE l.id = i.id`)
	b.exec(`ANALYZE`)
	q := face.Query{Gallery: "g", Space: s, Probe: vector(1, 16, 1), Metric: face.Cosine, Limit: 10}
	if _, plan := b.find(q); plan.Plan != face.PlanHNSW {
		t.Fatalf("plan %+v of a large gallery", plan)
	}
	for _, c := range []struct {
		filter face.Filter
		rows   int64
		sample bool
	}{
		{face.Filter{Metadata: json.RawMessage(`{"half": 1}`)}, rows / 2, true},
		{face.Filter{Metadata: json.RawMessage(`{"tenth": 1}`)}, rows / 10, false}, // more than 300, but not surely
		{face.Filter{Metadata: json.RawMessage(`{"rare": 1}`)}, rows / 40, false},
		{face.Filter{Metadata: json.RawMessage(`{"none": 1}`)}, 0, false},
	} {
		name := string(c.filter.Metadata)
		q.Filter = c.filter
		if much, err := b.db.PassesMuch(t.Context(), q, rows); much != c.sample || err != nil {
			t.Errorf("%s: the sample shows that much passes: %t (%v), want %t", name, much, err, c.sample)
		}
		found, plan := b.find(q)
		if hnsw := c.rows > 300; hnsw != (plan.Plan == face.PlanHNSW) || !hnsw && plan.Rows != c.rows || len(found) != int(min(10, c.rows)) {
			t.Errorf("%s: %d found by plan %+v, %d rows pass", name, len(found), plan, c.rows)
		}
	}
}
