package main

import (
	"errors"
	"fmt"
	"io"
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
)

// smallDisk is a file system in memory, of so many MiB.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := reachableDir(t)
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=0755", size)); err != nil {
		t.Skipf("needs the right to mount a small disk, to fill it: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// onDisk moves a folder of a private Postgres to another disk and leaves a link
// in its place, as an administrator would.
func (v visage) onDisk(disk, folder string) {
	v.t.Helper()
	v.do("db", "stop")
	from, to := filepath.Join(v.data(), folder), filepath.Join(disk, folder)
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		v.t.Fatalf("%v: %s", err, out)
	}
	if err := errors.Join(os.RemoveAll(from), os.Symlink(to, from)); err != nil {
		v.t.Fatal(err)
	}
	v.do("db", "start")
}

// fillDisk leaves no room on a disk, and returns what has to go to make some.
func fillDisk(t *testing.T, disk string) string {
	t.Helper()
	ballast := filepath.Join(disk, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(file, zeros{}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full but gives %v", err)
	}
	return ballast
}

// zeros are zero bytes without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// sameAsClean compares a database with that of an undisturbed ingest.
func sameAsClean(t *testing.T, root, url string) {
	t.Helper()
	clean := newVisage(t)
	clean.do(with(builtIn, "ingest", root)...)
	if want, got := dump(t, clean.url()), dump(t, url); !slices.Equal(got, want) || orphans(t, url) != 0 {
		t.Errorf("%d rows, a clean run has %d, equal %v, %d orphans", len(got), len(want), slices.Equal(got, want), orphans(t, url))
	}
}

// Where the disk of the tables is full, nothing of a batch stays, the run says
// so and waits, searches are answered meanwhile, and once there is room the run
// goes on by itself to the rows of a clean one (reliability test 4).
func TestDiskFullOfTables(t *testing.T) {
	t.Parallel()
	root, disk := manyPhotos(t, 90), smallDisk(t, 160)
	v, url := privateVisage(t)
	before := answer[ingest.Report](v, with(builtIn, "ingest", root, "--include", "sample-01/**")...)
	v.onDisk(disk, "base")
	ballast, rows := fillDisk(t, disk), dump(t, url)
	unmoved := func(when string) {
		t.Helper()
		if got := dump(t, url); before.Ingested != 30 || !slices.Equal(got, rows) {
			t.Errorf("%s: %d rows of %d, %+v before", when, len(got), len(rows), before)
		}
	}

	out, text, code := v.try(with(builtIn, "ingest", root, "--retry", "500ms", "--json")...)
	if code != exitFailed || !strings.Contains(text, "the database's disk is full: ") || !strings.Contains(text, "run the same again") {
		t.Errorf("with little patience it exits %d with %s", code, text)
	}
	if report := parse[ingest.Report](t, out); report.Ingested != 0 || report.Unchanged != 30 {
		t.Errorf("it reports %+v", report)
	}
	unmoved("after a run")

	cmd := process(t, append(with(builtIn, "ingest", root, "--retry", "5m", "--json"), v.flags...)...)
	cmd.errOut.await(t, "the database's disk is full: ")
	unmoved("while a run waits")
	photo := filepath.Join(root, sampleName(0), "000.png")
	if found := answer[struct{ Results [][]struct{ Identity string } }](v, with(builtIn, "find", photo)...).Results; found[0][0].Identity != sampleName(0) {
		t.Errorf("meanwhile a search finds %+v", found)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("once there is room, it ends with %v", err)
	}
	if report := parse[ingest.Report](t, cmd.out.String()); report.Ingested != 60 || report.Unchanged != 30 {
		t.Errorf("it reports %+v", report)
	}
	sameAsClean(t, root, url)
}

// Where the disk of the log is full, Postgres crashes, and may not start until
// there is room. That too costs nothing but time (reliability test 4).
func TestDiskFullOfLog(t *testing.T) {
	t.Parallel()
	root, disk := manyPhotos(t, 90), smallDisk(t, 80)
	v, url := privateVisage(t)
	v.do(with(builtIn, "ingest", root, "--include", "sample-01/**")...)
	v.onDisk(disk, "pg_wal")
	ballast := fillDisk(t, disk)
	lastOfLog(t, url)
	cmd := process(t, append(with(builtIn, "ingest", root, "--retry", "5m"), v.flags...)...)
	cmd.errOut.await(t, "waiting for the database")
	if text, err := os.ReadFile(filepath.Join(v.data(), "server.log")); err != nil || !strings.Contains(string(text), "No space left on device") {
		t.Errorf("Postgres has not met the full disk (%v): %s", err, text)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	v.do("db", "start") // where it has not come back
	if err := cmd.Wait(); err != nil {
		t.Errorf("once there is room, it ends with %v", err)
	}
	sameAsClean(t, root, url)
}

// lastOfLog writes log until little room is left in the last of its segments.
func lastOfLog(t *testing.T, url string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	const segment, room = 16 << 20, 128 << 10
	for end := time.Now().Add(5 * time.Minute); ; {
		var last bool
		var used int
		if err := conn.QueryRow(t.Context(), `
			SELECT file_name = (SELECT max(name) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'), file_offset
			FROM pg_walfile_name_offset(pg_current_wal_insert_lsn())`).Scan(&last, &used); err != nil {
			t.Fatal(err)
		}
		if last && used > segment-2*room {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d bytes of the segment are used after a minute", used)
		}
		if _, err := conn.Exec(t.Context(), `SELECT pg_logical_emit_message(false, 'test', repeat('x', $1))`, segment-used-room); err != nil {
			t.Fatal(err)
		}
	}
}

// A report that a full disk does not take whole is told of, after all that could
// be enrolled is.
func TestReportOnAFullDisk(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	v, root := newVisage(t), manyPhotos(t, 3)
	if err := makeFile(filepath.Join(root, "x.jpg"), []byte("no picture")); err != nil {
		t.Fatal(err)
	}
	out, text, code := v.try(with(builtIn, "ingest", root, "--report", "/dev/full", "--json")...)
	if report := parse[ingest.Report](t, out); code != exitFailed || !strings.Contains(text, "/dev/full is not complete") || report.Ingested != 3 || report.Rejected[face.Unsupported] != 1 {
		t.Errorf("it exits %d with %s and reports %+v", code, text, report)
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var errOut shown
	code = run(t.Context(), append(with(builtIn, "ingest", root, "--json"), v.flags...), full, &errOut)
	if code != exitFailed || !strings.Contains(errOut.String(), "write /dev/full") {
		t.Errorf("where its answer is not taken, it exits %d with %s", code, &errOut)
	}
}
