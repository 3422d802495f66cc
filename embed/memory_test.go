package embed_test

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// resident is the memory that this process holds, in bytes.
func resident(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the system does not tell a process's memory: ", err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// Two thousand photographs leave no memory behind. It does not run beside other
// tests, whose memory would be counted.
func TestMemoryStaysFlat(t *testing.T) {
	e := openEmbedder(t, embed.Config{
		Detector: "yunet", Recognizer: "MobileFaceNet", OrtLib: golden.OrtLib(t), Options: detect.Options{Side: 160},
	}, golden.Models(t))
	var photos [][]byte
	for _, name := range []string{"img5.jpg", "img25.jpg", "img50.jpg", "img51.jpg"} {
		photos = append(photos, golden.Read(t, golden.PhotoPath(t, name)))
	}
	pass := func(n int) {
		for i := range n {
			if _, err := e.Embed(context.Background(), photos[i%len(photos)], face.Prominent); err != nil {
				t.Fatal(err)
			}
		}
	}
	pass(200) // until pools and allocators have what they need
	before := resident(t)
	pass(2000)
	grown := resident(t) - before
	t.Logf("resident memory %d MB, grown by %d kB over 2,000 photographs", before>>20, grown>>10)
	const allowed = 16 << 20 // a leak of 8 kB a photograph, a thousandth of what one takes
	if grown > allowed {
		t.Errorf("memory grew by %d kB over 2,000 photographs", grown>>10)
	}
}
