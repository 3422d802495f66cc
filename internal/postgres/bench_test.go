package postgres_test

import (
	"fmt"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// BenchmarkEnrol stores batches of 200 photographs of one face each, 128
// dimensions, with the index in place.
func BenchmarkEnrol(b *testing.B) {
	db, s, n := pgtest.New(b), space("A", 128, true), 0
	for b.Loop() {
		batch := batchOf(200, s, uint64(n))
		for i := range batch {
			batch[i].Image.Path = fmt.Sprintf("/p/%d/%d.jpg", n, i)
		}
		n += len(batch)
		if err := db.Enrol(b.Context(), "g", batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "faces/s")
}

// BenchmarkNearest searches a gallery of 2,000 faces, which is done exactly.
func BenchmarkNearest(b *testing.B) {
	db, s := pgtest.New(b), space("A", 128, true)
	if err := db.Enrol(b.Context(), "g", batchOf(2000, s, 0)); err != nil {
		b.Fatal(err)
	}
	q := face.Query{Gallery: "g", Space: s, Probe: vector(7, 128, 1), Metric: face.Cosine, Limit: 10}
	for b.Loop() {
		if _, _, err := db.Nearest(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}
