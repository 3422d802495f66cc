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
// again, into a true ledger (reliability test 18). None shows a face, for the vector
// index is not what is measured. With VISAGE_TEST_FILES=100000 or more it takes
// minutes and holds when the first photograph is done, what the second run takes and
// the memory of both to their bounds, which the machine's speed and other tests
// would blur.
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
	begun, first, early := time.Now(), time.Duration(0), 0
	cfg.Progress = func(p ingest.Progress) {
		switch p.Done {
		case 1:
			first = time.Since(begun)
		case n / 10:
			early = resident(t, "VmRSS:")
		}
	}
	expect(t, run(t, cfg, &embedder{}, db), counts{Files: n, Rejected: map[face.Code]int{face.NoFace: n}})
	peak := resident(t, "VmHWM:")
	cfg.Progress = nil
	before := processorTime(t)
	second := run(t, cfg, &embedder{}, db)
	expect(t, second, counts{Files: n, Unchanged: n})
	busy, memory := processorTime(t)-before, resident(t, "VmHWM:")
	t.Logf("%d files: the first is done after %s; %d MiB resident after a tenth, at most %d in the first run, %d in all; second run %.2f s, of which %s busy",
		n, first, early, peak, memory, second.Seconds, busy)
	if n >= 100_000 && (first > 2*time.Second || memory > 600) || n == 100_000 && second.Seconds > 10 {
		t.Error("want the first after at most 2 s, the second run of 100,000 files in at most 10 s, and at most 600 MiB")
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

// resident is the memory that the process has (VmRSS:), or the most that it has
// had (VmHWM:), in MiB.
func resident(t *testing.T, which string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	_, rest, found := strings.Cut(string(status), which)
	if !found {
		t.Fatal("/proc/self/status does not say ", which)
	}
	kib, err := strconv.Atoi(strings.Fields(rest)[0])
	must(t, err)
	return kib / 1024
}
