package postgres_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// number is the large gallery's photograph that a path names.
func (b *bench) number(path string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(path, "/l/"))
	b.ok(err)
	return n
}

// largeFilters are filters of the large gallery with what they let pass. Its
// photographs have their number modulo 1,000 and modulo 4 as metadata.
var largeFilters = []struct {
	filter face.Filter
	pass   func(n int) bool
	rows   int
}{
	{face.Filter{Identities: []string{"sample-7", "sample-1000", "sample-4999"}}, func(n int) bool { return n/4 == 7 || n/4 == 1000 || n/4 == 4999 }, 12},
	{face.Filter{Excluded: []string{"sample-1000"}}, func(n int) bool { return n/4 != 1000 }, largeRows - 4},
	{face.Filter{Metadata: json.RawMessage(`{"lot": 77}`)}, func(n int) bool { return n%1000 == 77 }, largeRows / 1000},
	{face.Filter{Metadata: json.RawMessage(`{"kinds": [0]}`)}, func(n int) bool { return n%4 == 0 }, largeRows / 4},
	{face.Filter{Metadata: json.RawMessage(`{"kinds": [4]}`)}, func(n int) bool { return n%4 != 0 }, largeRows / 4 * 3},
	{face.Filter{Metadata: json.RawMessage(`{"kinds": [4]}`), Excluded: []string{"sample-1000", "sample-3"}},
		func(n int) bool { return n%4 != 0 && n/4 != 1000 && n/4 != 3 }, largeRows/4*3 - 6},
}

// goFilters searches the large gallery through filters: exactly where few
// templates pass, else through the index, with what passes and hardly less of
// it than an exact search gives.
func (b *bench) goFilters(s face.Space) {
	b.exec(`UPDATE visage.images i SET metadata = jsonb_build_object('lot', n % 1000, 'kinds', ARRAY[n % 4, sign(n % 4) * 4])
		FROM (SELECT id, substr(path, 4)::int AS n FROM visage.images WHERE path LIKE '/l/%') l WHERE l.id = i.id`)
	b.exec(`ANALYZE visage.images`)
	recall, took := make([]float64, len(largeFilters)), make([]time.Duration, len(largeFilters))
	for i := range recallProbes {
		probe := mate(i * 397)
		all := truth(probe, 0, largeRows, largeRows)
		for j, c := range largeFilters {
			q := face.Query{Gallery: "default", Space: s, Probe: probe, Metric: face.Cosine, Filter: c.filter, Limit: 10}
			begun := time.Now()
			got, plan := b.find(q)
			took[j] += time.Since(begun) / recallProbes
			if want := planOver(c.rows); plan.Plan != want || want == face.PlanExact && plan.Rows != int64(c.rows) {
				b.Errorf("%+v: plan %+v, want %s over %d rows", c.filter, plan, want, c.rows)
			}
			for _, path := range got {
				if !c.pass(b.number(path)) {
					b.Errorf("%+v: %s does not pass", c.filter, path)
				}
			}
			recall[j] += share(got, b.passing(all, c.pass, 10)) / recallProbes
		}
	}
	for j, c := range largeFilters {
		b.Logf("filter %d: %s, recall of 10: %.4f, %v", j, planOver(c.rows), recall[j], took[j])
		if recall[j] < leastRecall || planOver(c.rows) == face.PlanExact && recall[j] < 1-1e-9 {
			b.Errorf("%+v: recall %.4f", c.filter, recall[j])
		}
	}
	b.filteredMetrics(s)
	b.metadataIndex()
}

// planOver is the plan for so many rows that pass.
func planOver(rows int) string {
	if rows > 10_000 {
		return face.PlanHNSW
	}
	return face.PlanExact
}

// passing are the first k of the photographs that pass.
func (b *bench) passing(photographs []string, pass func(n int) bool, k int) []string {
	var first []string
	for i := 0; i < len(photographs) && len(first) < k; i++ {
		if pass(b.number(photographs[i])) {
			first = append(first, photographs[i])
		}
	}
	return first
}

// filteredMetrics checks each metric, and that the index was used for it.
func (b *bench) filteredMetrics(s face.Space) {
	scans := `SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'embeddings_2_hnsw'`
	before := one[int](b, scans)
	for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
		q := face.Query{Gallery: "default", Space: s, Probe: mate(4000), Metric: metric, Filter: face.Filter{Excluded: []string{"sample-1000"}}, Limit: 10}
		got, plan := b.find(q)
		q.Exact = true
		if want, _ := b.find(q); plan.Plan != face.PlanHNSW || len(got) != 10 || share(got, want) < 0.8 {
			b.Errorf("%s: plan %+v finds %v, want %v", metric, plan, got, want)
		}
	}
	b.waitFor(fmt.Sprintf(`SELECT (%s) >= %d`, scans, before+4))
}

// goSeveral searches for two probes at once through a filter that keeps out what
// is near the first. That one is searched exactly, and both answers are full.
func (b *bench) goSeveral(s face.Space) {
	const out = 9000
	first := mate(4000)
	near := truth(first, 0, largeRows, largeRows)
	b.exec(`UPDATE visage.images SET metadata = jsonb_build_object('far', NOT path = ANY($1)) WHERE path LIKE '/l/%'`, near[:out])
	b.exec(`ANALYZE visage.images`)
	q := face.Query{Gallery: "default", Space: s, Metric: face.Cosine, Filter: face.Filter{Metadata: json.RawMessage(`{"far": true}`)}, Limit: 20}
	answers, err := b.db.NearestAll(b.Context(), q, [][]float32{first, mate(b.number(near[largeRows-1]))})
	b.ok(err)
	var got []string
	for _, c := range answers[0].Candidates {
		got = append(got, c.Image)
	}
	if want := near[out : out+20]; !slices.Equal(got, want) || answers[0].Plan != (face.Plan{Plan: face.PlanExact, Rows: largeRows - out, Complete: true}) {
		b.Errorf("the first probe: plan %+v and %v, want %v", answers[0].Plan, got, want)
	}
	if a := answers[1]; a.Plan.Plan != face.PlanHNSW || len(a.Candidates) != 20 || a.Candidates[0].Image != near[largeRows-1] {
		b.Errorf("the second probe: plan %+v and %d candidates", a.Plan, len(a.Candidates))
	}
}

// metadataIndex checks that a rare value of the metadata is found by its index.
func (b *bench) metadataIndex() {
	plan := b.text(`EXPLAIN SELECT FROM visage.images WHERE metadata @> '{"lot": 77}'`)
	if !strings.Contains(plan, "images_metadata_idx") {
		b.Errorf("the plan does not use the index of the metadata:\n%s", plan)
	}
}

// An identity without a face is known; its filter leaves nothing. Names that are
// no text are known by the text that stands for them.
func TestFilterByName(t *testing.T) {
	t.Parallel()
	b := connect(t, pgtest.URL(t))
	s := space("A", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{
		photo("/1", "bytes \xff", s, 1), photo("/2", "ann", s, 2), {Image: photo("/3", "none", s, 3).Image, Space: s, Detector: "yunet", Rejected: face.NoFace},
	}))
	for name, want := range map[string]string{"bytes \xff": "/1", `bytes \xff`: "/1", "ann": "/2", "none": ""} {
		q := face.Query{Gallery: "g", Space: s, Probe: vector(5, 8, 1), Metric: face.Cosine, Filter: face.Filter{Identities: []string{name}}, Limit: 5}
		if got, _ := b.find(q); strings.Join(got, " ") != want {
			t.Errorf("%q finds %v, want %s", name, got, want)
		}
	}
}
