package main

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/pgserver"
)

// facesIn are the ids of the faces that are committed, in order.
func facesIn(t *testing.T, url string) []string {
	t.Helper()
	return awaitFaces(t, url, -1)
}

// awaitFaces waits until there are more than so many faces, and returns them.
func awaitFaces(t *testing.T, url string, more int) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		rows, _ := conn.Query(t.Context(), `SELECT id::text FROM visage.faces ORDER BY 1`)
		ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) > more {
			return ids
		}
	}
	t.Fatalf("no more than %d faces were committed in a minute", more)
	return nil
}

// Postgres killed, and later stopped, in the middle of an ingest and started
// again costs nothing but time: the run waits, goes on by itself and ends with
// the rows of a clean one, and what was committed is still there (reliability
// test 2).
func TestPostgresGoneInTheMiddle(t *testing.T) {
	t.Parallel()
	root, clean := manyPhotos(t, 200), newVisage(t)
	private, url := privateVisage(t)
	cmd := process(t, append(with(builtIn, "ingest", root, "--json"), private.flags...)...)
	kept := awaitFaces(t, url, 0)
	if err := syscall.Kill(answer[pgserver.Report](private, "db", "status").PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	private.do("db", "start")
	kept = append(kept, awaitFaces(t, url, len(kept))...)
	private.do("db", "stop")
	cmd.errOut.await(t, "waiting for the database")
	private.do("db", "start")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the ingest ends with %v", err)
	}
	if report := parse[ingest.Report](t, cmd.out.String()); report.Ingested != 200 || report.Faces != 200 {
		t.Errorf("the ingest reports %+v", report)
	}
	left := facesIn(t, url)
	for _, id := range kept {
		if _, there := slices.BinarySearch(left, id); !there {
			t.Fatalf("face %s was committed and is gone", id)
		}
	}
	clean.do(with(builtIn, "ingest", root)...)
	if want, got := dump(t, clean.url()), dump(t, url); !slices.Equal(got, want) || orphans(t, url) != 0 {
		t.Errorf("%d rows, a clean run has %d, equal %v, %d orphans", len(got), len(want), slices.Equal(got, want), orphans(t, url))
	}
}

// Interrupted in its middle, by a terminal or by a supervisor, an ingest ends
// soon and cleanly: it says so, its report is whole and tells what is committed,
// which is all that was finished, and the next run does the rest.
func TestInterruptedIngestEndsCleanly(t *testing.T) {
	t.Parallel()
	const n = 300
	root := manyPhotos(t, n)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			v := newVisage(t)
			url := v.url()
			cmd := process(t, append(with(builtIn, "ingest", root, "--json"), v.flags...)...)
			awaitFaces(t, url, 0)
			begun := time.Now()
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the state says how it ended
			if code, took := cmd.ProcessState.ExitCode(), time.Since(begun); code != exitFailed || took > 15*time.Second {
				t.Errorf("it exits %d after %s", code, took)
			}
			cmd.errOut.await(t, "stopped before the end; what was committed stands")
			report := parse[ingest.Report](t, cmd.out.String())
			if rows := len(facesIn(t, url)); report.Ingested != rows || report.Files != rows || rows >= n {
				t.Errorf("%d rows, and the report says %+v", rows, report)
			}
			rest := answer[ingest.Report](v, with(builtIn, "ingest", root)...)
			if rest.Unchanged != report.Ingested || rest.Ingested != n-report.Ingested {
				t.Errorf("the next run reports %+v after %d", rest, report.Ingested)
			}
		})
	}
}
