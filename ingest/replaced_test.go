package ingest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// TestReplacedWhileBeingRead has programs replace photographs again and again, by
// overwriting them or by renaming others over them, while they are ingested. Of
// no photograph a mixture is embedded, but of one whose writer the machine held up
// in the middle for about as long as a file has to be left alone; what is given up
// is the next run's, and in the end the ledger has what the folder has (reliability
// test 15).
func TestReplacedWhileBeingRead(t *testing.T) {
	t.Parallel()
	const n, size = 8, 1 << 18
	version := func(i, v int) string {
		return fmt.Sprintf("face 1 photo %d", i) + strings.Repeat(string(rune('a'+v%26)), 1<<20)
	}
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("p%d/%d.jpg", i%3, i)] = version(i, 0)
	}
	root, l := folder(t, files), newLedger()
	var writers sync.WaitGroup
	var stop atomic.Bool
	var heldUp, mixed atomic.Int64
	for i := range n {
		path := filepath.Join(root, fmt.Sprintf("p%d/%d.jpg", i%3, i))
		writers.Go(func() {
			for v := 1; !stop.Load(); v++ {
				if i%2 == 0 {
					if pause := replaceInPlace(t, path, version(i, v)); pause > 50*time.Millisecond {
						heldUp.Add(1)
					}
				} else {
					write(t, filepath.Join(root, fmt.Sprintf(".new%d", i)), version(i, v))
					must(t, os.Rename(filepath.Join(root, fmt.Sprintf(".new%d", i)), path))
				}
				time.Sleep(time.Duration(1+i) * 50 * time.Millisecond)
			}
		})
	}
	e := &embedder{before: func(_ int64, data []byte) {
		pixels := data[bytes.LastIndexByte(data[:100], ' '):]
		if last := data[len(data)-1]; len(data) < size || bytes.Count(pixels[10:], []byte{last}) != len(pixels)-10 {
			mixed.Add(1)
		}
	}}
	for range 6 {
		report := run(t, config(root), e, l)
		for _, j := range report.Rejections {
			if j.Reason != face.Unreadable || !strings.Contains(j.Message, "ingest again") {
				t.Errorf("%+v", j)
			}
		}
	}
	stop.Store(true)
	writers.Wait()
	if mixed.Load() > heldUp.Load() {
		t.Errorf("%d of %d photographs that were embedded are mixtures of two, and %d writers were held up", mixed.Load(), e.calls.Load(), heldUp.Load())
	}
	run(t, config(root), &embedder{}, l)
	equalsCleanRun(t, root, l)
}

// replaceInPlace overwrites a file in pieces, without changing its size, and
// returns the longest time between two of them.
func replaceInPlace(t *testing.T, path, text string) (pause time.Duration) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	last := time.Now()
	for at := 0; at < len(text); at += 1 << 12 {
		_, err := file.WriteAt([]byte(text[at:min(len(text), at+1<<12)]), int64(at))
		must(t, err)
		now := time.Now()
		pause, last = max(pause, now.Sub(last)), now
	}
	must(t, file.Close())
	return pause
}
