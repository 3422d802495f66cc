package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// manyPhotos makes a tree of 90 photographs of different content: the sample
// portraits, with a few bytes after their end.
func manyPhotos(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for person := range 3 {
		data, err := os.ReadFile(filepath.Join(sampleDir(t), "people", sampleName(person), "0.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			path := filepath.Join(root, sampleName(person), fmt.Sprintf("%02d.jpg", i))
			if err := makeFile(path, fmt.Appendf(slices.Clone(data), "%d", i)); err != nil {
				t.Fatal(err)
			}
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
		SELECT concat_ws(' ', i.path, encode(i.sha256, 'hex'), p.name, s.detector, s.rejected, s.faces, f.x1, f.y1, f.x2, f.y2, f.confidence, e.embedding::text)
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

// process starts the program in a process of its own.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asVisage+"=1")
	said := &bytes.Buffer{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, where all went well
		_ = cmd.Wait()         // was called already, where all went well; said is complete after it
		if t.Failed() {
			t.Logf("visage %q says: %s", args, said)
		}
	})
	return cmd
}

// Killed at random moments and started anew, an ingest ends with the rows of a
// clean run (reliability test 1).
func TestKilledIngestEndsLikeACleanRun(t *testing.T) {
	t.Parallel()
	root, clean, killed := manyPhotos(t), pgtest.URL(t), pgtest.URL(t)
	arguments := func(url string) []string {
		return with(builtIn, "ingest", root, "--database-url", url, "--home", t.TempDir(), "--log-level", "error")
	}
	begun := time.Now()
	if err := process(t, arguments(clean)...).Wait(); err != nil {
		t.Fatal(err)
	}
	whole := time.Since(begun)
	midway := 0
	for i := range 8 { // soon at first: the clean run may have been slowed down by other tests
		cmd := process(t, arguments(killed)...)
		time.Sleep(rand.N(whole * time.Duration(i+1) / 10))
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // the state says how it ended
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			midway++
		}
	}
	if err := process(t, arguments(killed)...).Wait(); err != nil {
		t.Fatal(err)
	}
	if midway == 0 {
		t.Error("no run was killed in the middle")
	}
	want, got := dump(t, clean), dump(t, killed)
	if len(want) != 90 || !slices.Equal(got, want) {
		t.Errorf("killed %d times: %d rows, a clean run has %d, equal %v", midway, len(got), len(want), slices.Equal(got, want))
	}
}

// Two ingests of one folder at once end with the rows of one (reliability test
// 19).
func TestTwoIngestsAtOnce(t *testing.T) {
	t.Parallel()
	root, one, two := manyPhotos(t), pgtest.URL(t), pgtest.URL(t)
	arguments := func(url string) []string {
		return with(builtIn, "ingest", root, "--database-url", url, "--home", t.TempDir(), "--log-level", "error")
	}
	running := []*exec.Cmd{process(t, arguments(one)...), process(t, arguments(two)...), process(t, arguments(two)...)}
	for _, cmd := range running {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if want, got := dump(t, one), dump(t, two); len(want) != 90 || !slices.Equal(got, want) {
		t.Errorf("two runs leave %d rows, one %d, equal %v", len(got), len(want), slices.Equal(got, want))
	}
}

// An ingest never aborts for a bad file: it says what is wrong with each.
func TestIngestOfBadFiles(t *testing.T) {
	t.Parallel()
	v, root := newVisage(t), t.TempDir()
	good, err := os.ReadFile(filepath.Join(sampleDir(t), "people", sampleName(0), "0.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("n", 251) + ".jpg"
	for name, data := range map[string][]byte{
		"a/good.jpg": good, "a/" + long: append(slices.Clone(good), 1), "a/\xff\xfe.jpg": append(slices.Clone(good), 2),
		"b/empty.jpg": nil, "b/text.jpg": []byte("no picture"), "b/cut.jpg": good[:len(good)/2], "b/zero.png": make([]byte, 100),
	} {
		if err := makeFile(filepath.Join(root, name), data); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../b", filepath.Join(root, "b", "loop")); err != nil {
		t.Fatal(err)
	}
	report := answer[ingest.Report](v, with(builtIn, "ingest", root)...)
	want := map[face.Code]int{face.Empty: 1, face.Unsupported: 2, face.Undecodable: 1}
	if report.Ingested != 3 || fmt.Sprint(report.Rejected) != fmt.Sprint(want) {
		t.Errorf("got %+v, want 3 ingested and %v rejected", report, want)
	}
	if again := answer[ingest.Report](v, with(builtIn, "ingest", root)...); again.Ingested != 0 || again.Unchanged != 7 {
		t.Errorf("a second run: %+v", again)
	}
}

// Postgres stopped and started in the middle of an ingest costs nothing but
// time (reliability test 2).
func TestPostgresGoneInTheMiddle(t *testing.T) {
	t.Parallel()
	root, home := manyPhotos(t), reachableDir(t)
	private := visage{t, []string{"--home", home, "--log-level", "error"}}
	if private.do("db", "start") == "" {
		t.Fatal("db start prints no address")
	}
	defer private.do("db", "stop")
	cmd := process(t, with(builtIn, "ingest", root, "--home", home, "--log-level", "error")...)
	for begun := time.Now(); len(galleriesSoFar(t, private)) == 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("nothing was committed for a minute")
		}
	}
	private.do("db", "stop")
	private.do("db", "start")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the ingest ends with %v", err)
	}
	if report := answer[ingest.Report](private, with(builtIn, "ingest", root)...); report.Unchanged != 90 || report.Ingested != 0 {
		t.Errorf("a second run: %+v", report)
	}
}

// reachableDir is a folder that the system's user postgres can enter, as those
// of t.TempDir may not be.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "visage-home")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// galleriesSoFar lists the galleries, none while the schema is being made.
func galleriesSoFar(t *testing.T, v visage) []face.Gallery {
	t.Helper()
	out, _, code := v.try("gallery", "list", "--json")
	if code != exitDone {
		return nil
	}
	return parse[struct{ Galleries []face.Gallery }](t, out).Galleries
}
