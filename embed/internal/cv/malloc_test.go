package cv_test

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/visagedb/visage/embed/internal/golden"
)

// faults is the number of pages that this thread was given so far.
func faults(t *testing.T) int64 {
	t.Helper()
	const thread = 1 // RUSAGE_THREAD of getrusage(2)
	var usage syscall.Rusage
	if err := syscall.Getrusage(thread, &usage); err != nil {
		t.Fatal(err)
	}
	return usage.Minflt
}

// A progressive JPEG of 800x533 pixels takes the memory of the one before it. It
// is decoded in a process of its own, since larger pictures of other tests would
// have brought the C library to the same.
func TestDecodingAgainFaultsNoPages(t *testing.T) {
	t.Parallel()
	data := golden.Read(t, golden.PhotoPath(t, "img14.jpg"))
	const alone = "VISAGE_TEST_ALONE"
	if os.Getenv(alone) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		again.Env = append(os.Environ(), alone+"=1")
		if out, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pool := newPool(t, 0)
	const before, times = 3, 10 // how often it is decoded before faults are counted, and then
	var start int64
	for i := range before + times {
		if i == before {
			start = faults(t)
		}
		closed(t, decode(t, pool, data))
		runtime.GC() // Go's own memory, 40 kB for each, is used again when it is collected
	}
	if n := faults(t) - start; n > 20*times {
		t.Errorf("%d pages in decoding a photograph %d times more", n, times)
	}
}
