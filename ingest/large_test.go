package ingest_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// filesEnv sets how many files TestManyFilesInOneFolder makes.
const filesEnv = "VISAGE_TEST_FILES"

// TestManyFilesInOneFolder ingests a folder of several chunks, and
// again, into a true ledger. None shows a face, for the vector index is not what
// is measured. With VISAGE_TEST_FILES=100000 it takes minutes and
// holds what the second run takes and the memory of both to their bounds, which
// the machine's speed and other tests would blur.
func TestManyFilesInOneFolder(t *testing.T) {
	t.Parallel()
	n := 2500
	if set, err := strconv.Atoi(os.Getenv(filesEnv)); err == nil {
		n = set
	}
	db, root := pgtest.New(t), folder(t, nil)
	for i := range n {
		write(t, filepath.Join(root, "ann", fmt.Sprint(i)), fmt.Sprintf("code no_face %d", i))
	}
	cfg := config(root)
	cfg.BatchSize = 500
	expect(t, run(t, cfg, &embedder{}, db), counts{Files: n, Rejected: map[face.Code]int{face.NoFace: n}})
	before := processorTime(t)
	second := run(t, cfg, &embedder{}, db)
	expect(t, second, counts{Files: n, Unchanged: n})
	busy, memory := processorTime(t)-before, residentPeak(t)
	t.Logf("%d files: second run %.2f s, of which %s busy, at most %d MiB resident", n, second.Seconds, busy, memory)
	if n == 100_000 && (second.Seconds > 10 || memory > 600) {
		t.Errorf("second run %.2f s, %d MiB resident; want at most 10 s and 600 MiB", second.Seconds, memory)
	}

	must(t, os.Rename(filepath.Join(root, "ann"), filepath.Join(filepath.Dir(root), "away")))
	cfg.Mode, cfg.Prune = ingest.Plan, true
	expect(t, run(t, cfg, &embedder{}, db), counts{Vanished: n, Removed: n})
	cfg.Mode = ingest.Enrol
	expect(t, run(t, cfg, &embedder{}, db), counts{Vanished: n, Removed: n})
	expect(t, run(t, cfg, &embedder{}, db), counts{})
}

// processorTime is what the process, without the database, has used.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// residentPeak is the most memory that the process has had, in MiB.
func residentPeak(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	_, rest, found := strings.Cut(string(status), "VmHWM:")
	if !found {
		t.Fatal("/proc/self/status does not say VmHWM")
	}
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	must(t, err)
	return kib / 1024
}
