package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// kills is how often TestKilledIngestEndsLikeACleanRun kills a run in its middle.
const kills = 50

// Killed fifty times, at random moments and in the middle of its transactions in
// turn, and started anew, an ingest ends with the rows of a clean run
// (reliability test 1). Each time a run comes to its end all the same, its rows
// are looked at, and it begins again with an empty gallery.
func TestKilledIngestEndsLikeACleanRun(t *testing.T) {
	t.Parallel()
	const n = 72 // a batch of 64, and one of 8
	root, clean, killed := manyPhotos(t, n), pgtest.URL(t), pgtest.URL(t)
	arguments := func(url string) []string {
		return with(builtIn, "ingest", root, "--database-url", url, "--home", t.TempDir(), "--log-level", "error")
	}
	begun := time.Now()
	if err := process(t, arguments(clean)...).Wait(); err != nil {
		t.Fatal(err)
	}
	whole, want := time.Since(begun), dump(t, clean)
	if len(want) != n {
		t.Fatalf("a clean run has %d rows", len(want))
	}
	check := func(when string) {
		t.Helper()
		if got := dump(t, killed); !slices.Equal(got, want) || orphans(t, killed) != 0 {
			t.Errorf("%s: %d rows, a clean run has %d, equal %v, %d orphans", when, len(got), n, slices.Equal(got, want), orphans(t, killed))
		}
	}
	watch := inTransaction(t, killed)
	v := visage{t, []string{"--home", t.TempDir(), "--database-url", killed, "--log-level", "error"}}
	midway, inside, runs := 0, 0, 0
	for ; midway < kills && runs < 3*kills; runs++ {
		moment, writes := rand.N(whole*3/4), midway%2 == 1
		cmd := process(t, arguments(killed)...)
		caught := cmd.killWhen(t, func(since time.Duration) bool {
			return writes && watch() || !writes && since >= moment
		})
		switch {
		case !caught:
			check("a run that was not hit")
			v.do("gallery", "delete", "default")
		case writes:
			inside++
			midway++
		default:
			midway++
		}
	}
	if midway < kills {
		t.Errorf("of %d runs only %d were killed in the middle", runs, midway)
	}
	if err := process(t, arguments(killed)...).Wait(); err != nil {
		t.Fatal(err)
	}
	check("the run after the last kill")
	t.Logf("%d runs, %d killed in the middle, %d of them in a transaction; a clean run takes %s", runs, midway, inside, whole)
}

// inTransaction returns a function that says whether another session of the
// database has written something that it has not committed.
func inTransaction(t *testing.T, url string) func() bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	const query = `
		SELECT EXISTS (SELECT FROM pg_stat_activity
		               WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL)`
	return func() (writes bool) {
		if err := conn.QueryRow(t.Context(), query).Scan(&writes); err != nil {
			t.Fatal(err)
		}
		return writes
	}
}
