package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// manyPhotos makes a tree of n photographs of different content: small portraits
// of three drawn people, with a few bytes after their end.
func manyPhotos(t *testing.T, n int) string {
	t.Helper()
	root := t.TempDir()
	portraits := [][]byte{encoded(t, drawn(1, 80)), encoded(t, drawn(2, 80)), encoded(t, drawn(3, 80))}
	for i := range n {
		path := filepath.Join(root, sampleName(i%3), fmt.Sprintf("%03d.png", i))
		if err := makeFile(path, fmt.Appendf(slices.Clone(portraits[i%3]), "%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// dump is all that an ingest leaves in a database, but for random ids and times.
func dump(t *testing.T, url string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), `
		SELECT concat_ws(' ', i.path, encode(i.sha256, 'hex'), p.name, s.detector, s.rejected, s.faces, f.x1, f.y1, f.x2, f.y2, f.confidence, md5(e.embedding::text))
		FROM visage.images i
		LEFT JOIN visage.identities p ON p.id = i.identity_id
		LEFT JOIN visage.image_spaces s ON s.image_id = i.id
		LEFT JOIN visage.faces f ON f.image_id = i.id
		LEFT JOIN visage.embeddings e ON e.face_id = f.id
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// orphans counts what belongs to nothing, and what is there twice.
func orphans(t *testing.T, url string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var n int
	err = conn.QueryRow(t.Context(), `
		SELECT (SELECT count(*) FROM visage.faces f WHERE NOT EXISTS (SELECT FROM visage.embeddings e WHERE e.face_id = f.id))
		     + (SELECT count(*) FROM visage.embeddings e WHERE NOT EXISTS (SELECT FROM visage.faces f WHERE f.id = e.face_id))
		     + (SELECT count(*) FROM visage.images i WHERE NOT EXISTS (SELECT FROM visage.image_spaces s WHERE s.image_id = i.id))
		     + (SELECT count(*) FROM visage.identities p WHERE NOT EXISTS (SELECT FROM visage.images i WHERE i.identity_id = p.id))
		     + (SELECT count(*) - count(DISTINCT (i.sha256, f.x1, f.y1, f.x2, f.y2, e.space_id))
		        FROM visage.images i JOIN visage.faces f ON f.image_id = i.id JOIN visage.embeddings e ON e.face_id = f.id)`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Two ingests of one folder at once end with the rows of one (reliability test
// 19).
func TestTwoIngestsAtOnce(t *testing.T) {
	t.Parallel()
	root, one, two := manyPhotos(t, 90), pgtest.URL(t), pgtest.URL(t)
	arguments := func(url string) []string {
		return with(builtIn, "ingest", root, "--database-url", url, "--home", t.TempDir(), "--log-level", "error")
	}
	running := []*program{process(t, arguments(one)...), process(t, arguments(two)...), process(t, arguments(two)...)}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if want, got := dump(t, one), dump(t, two); len(want) != 90 || !slices.Equal(got, want) {
		t.Errorf("two runs leave %d rows, one %d, equal %v", len(got), len(want), slices.Equal(got, want))
	}
}
