package postgres_test

import (
	"fmt"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// BenchmarkImport loads batches of 8,192 templates of 512 dimensions into a space
// that has no index.
func BenchmarkImport(b *testing.B) {
	db, s, n := pgtest.New(b), space("A", 512, true), 0
	im, err := db.BeginImport(b.Context(), "g", s)
	if err != nil {
		b.Fatal(err)
	}
	batch := records(8192, s)
	for b.Loop() {
		for i := range batch {
			batch[i].Image = fmt.Sprintf("%d/%d", n, i)
		}
		n += len(batch)
		if _, err := im.Add(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "templates/s")
}

// records are templates of four to an identity.
func records(n int, s face.Space) []face.Record {
	batch := make([]face.Record, n)
	for i := range batch {
		batch[i] = face.Record{Identity: fmt.Sprintf("person-%d", i/4), Image: fmt.Sprintf("r%d.jpg", i), Vector: vector(uint64(i), s.Dim, 1)}
	}
	return batch
}
