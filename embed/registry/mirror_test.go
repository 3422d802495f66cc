package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// A mirror is asked where network or servers fail, and goes on where they ended.
func TestMirrors(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		fmt.Fprint(w, content[:10])
	}
	for name, c := range map[string]struct {
		first http.HandlerFunc
		asked string // of the mirror
		code  face.Code
		text  string
	}{
		"in order":             {serve, "", "", ""},
		"an error of a server": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }, "/net.onnx ", "", ""},
		"a cut connection":     {cut, "/net.onnx bytes=10-", "", ""},
		"another length":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "short") }, "", face.Mismatch, "5 bytes"},
		"other bytes":          {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.ToUpper(content)) }, "", face.Mismatch, "SHA-256"},
	} {
		first := httptest.NewServer(c.first)
		t.Cleanup(first.Close)
		mirror := newShop(t, map[string]string{"/net.onnx": content})
		f := mirror.sells("net.onnx")
		f.URL, f.Mirrors = first.URL, []string{f.URL}
		_, err := mirror.pull(t, entry(f), false)
		if face.CodeOf(err) != c.code || c.code != "" && !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", name, err)
		}
		if got := strings.Join(mirror.asked, ""); got != c.asked {
			t.Errorf("%s: asked the mirror for %q, want %q", name, got, c.asked)
		}
	}
}

// Where all fail, all is told; a pin says where the file came from.
func TestMirrorOfAnUnpinnedFile(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	mirror := newShop(t, map[string]string{"/net.onnx": content})
	f := mirror.offers("net.onnx")
	f.URL, f.Mirrors = gone.URL+"/net.onnx", []string{gone.URL + "/again.onnx", f.URL}
	if _, err := mirror.pull(t, entry(f), true); err != nil {
		t.Fatal(err)
	}
	if pins, err := NewStore(nil, mirror.dir).Pins(); err != nil || len(pins) != 1 || pins[0].Source != f.Mirrors[1] {
		t.Errorf("pins %+v, %v", pins, err)
	}
	delete(mirror.stock, "/net.onnx")
	_, err := mirror.pull(t, entry(f), true)
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), f.URL) || !strings.Contains(err.Error(), f.Mirrors[0]) || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v", err)
	}
}

// Where our own disk fails, no other server helps.
func TestFullDiskIsNoReasonForAMirror(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	s := newShop(t, map[string]string{"/net.onnx": content})
	f := s.sells("net.onnx")
	f.Mirrors = []string{f.URL}
	_, err = download(t.Context(), f, full, Download{Client: s.Client()}.withDefaults())
	if face.CodeOf(err) != face.Unavailable || len(s.asked) > 1 {
		t.Errorf("asked %q, %v", s.asked, err)
	}
}

// A server that falls silent is given up, before its answer or within; what came
// is kept, and the next pull goes on there.
func TestPullThatStalls(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]int{"before the answer": -1, "after the head": 0, "in the middle": 20} {
		silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if sent >= 0 {
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				fmt.Fprint(w, content[:sent])
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}))
		t.Cleanup(silent.Close)
		f, dir := weights("net.onnx", content), t.TempDir()
		f.URL = silent.URL
		e := entry(f)
		begun := time.Now()
		_, err := NewStore([]Entry{e}, dir).Pull(t.Context(), e, f, Download{Client: silent.Client(), Stall: 100 * time.Millisecond})
		if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "nothing for 100ms") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%s: given up after %v", name, took)
		}
		// Nothing is not kept.
		if part, err := os.ReadFile(filepath.Join(dir, "net.onnx.part")); string(part) != content[:max(sent, 0)] || (err == nil) != (sent > 0) {
			t.Errorf("%s: kept %q, %v", name, part, err)
		}
	}
}

// A server that is slow, but never silent, is waited for.
func TestSlowPullIsNoStall(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		for _, b := range []byte(content) {
			_, _ = w.Write([]byte{b})
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}))
	t.Cleanup(slow.Close)
	f := weights("net.onnx", content)
	f.URL = slow.URL
	e := entry(f)
	if _, err := NewStore([]Entry{e}, dir).Pull(t.Context(), e, f, Download{Client: slow.Client(), Stall: 500 * time.Millisecond}); err != nil {
		t.Error(err)
	}
}

// A pipe in the place of a list is not waited for.
func TestListsThatAreNoFiles(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(path string) error{
		"pipe":   func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"folder": func(path string) error { return os.Mkdir(path, 0o700) },
		"device": func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		dir := t.TempDir()
		for _, list := range []string{pinsName, ownName} {
			if err := put(filepath.Join(dir, list)); err != nil {
				t.Fatal(err)
			}
		}
		e := entry(weights("net.onnx", content), File{Name: "loose.onnx", URL: "https://example.org/", Unpinned: true})
		write(t, dir, "net.onnx", content)
		store := NewStore([]Entry{e}, dir)
		if _, err := store.Pins(); face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: pins %v", name, err)
		}
		if _, _, err := store.Installed(e); err != nil {
			t.Errorf("%s: what needs no pins: %v", name, err)
		}
		if _, err := store.ImportUnpinned("net", nil, write(t, t.TempDir(), "mine", "mine")); face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s: import %v", name, err)
		}
		if _, err := Own(filepath.Join(dir, ownName), nil); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: own models %v", name, err)
		}
	}
}
