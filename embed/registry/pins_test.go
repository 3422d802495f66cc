package registry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// What comes first is recorded and required from then on.
func TestUnpinnedPull(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content})
	e := entry(s.offers("net.onnx"))
	_, _, err := NewStore([]Entry{e}, s.dir).Installed(e)
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "visage models pull net --unpinned") {
		t.Errorf("missing: %v", err)
	}
	if _, err := s.pull(t, e, false); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "no hash") || !strings.Contains(err.Error(), "visage models pull net --unpinned") {
		t.Errorf("without consent: %v", err)
	}
	if len(s.asked) != 0 {
		t.Errorf("asked for %v without consent", s.asked)
	}
	placed, err := s.pull(t, e, true)
	want := weights("net.onnx", content)
	if err != nil || len(placed) != 1 || !placed[0].First || placed[0].File.SHA256 != want.SHA256 {
		t.Fatalf("placed %+v, %v", placed, err)
	}
	store := NewStore([]Entry{e}, s.dir)
	pins, err := store.Pins()
	if err != nil || len(pins) != 1 {
		t.Fatalf("pins %+v, %v", pins, err)
	}
	age := time.Since(pins[0].Time)
	pins[0].Time = time.Time{}
	if pins[0] != (Pin{Kind: Detector, Model: "net", File: "net.onnx", SHA256: want.SHA256, Bytes: want.Bytes, Source: e.Files[0].URL}) || age < 0 || age > time.Hour {
		t.Errorf("pinned %+v, %v ago", pins[0], age)
	}
	for _, described := range []Entry{e, store.Entries()[0]} {
		f, path, err := store.Installed(described)
		if err != nil || f.SHA256 != want.SHA256 || !f.Unpinned {
			t.Fatalf("installed %+v, %v", f, err)
		}
		if data, err := Load(path, f); err != nil || string(data) != content {
			t.Errorf("loaded %q, %v", data, err)
		}
	}
	if _, err := Load(placed[0].Path, e.Files[0]); face.CodeOf(err) != face.Mismatch {
		t.Errorf("loaded without a hash: %v", err)
	}
	if e.Files[0].SHA256 != "" {
		t.Error("the caller's own entry was changed")
	}
	if checks, err := store.Verify(); err != nil || len(checks) != 1 || checks[0].Verdict() != "ok, unpinned" {
		t.Errorf("verify says %+v, %v", checks, err)
	}
}

func TestSecondPullOfAnUnpinnedFile(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second string
		code   face.Code
	}{
		"the same":          {content, ""},
		"other bytes":       {strings.ToUpper(content), face.Mismatch},
		"fewer bytes":       {content[:10], face.Mismatch},
		"more bytes":        {content + "!", face.Mismatch},
		"no file, but text": {"", face.Mismatch},
	} {
		s := newShop(t, map[string]string{"/net.onnx": content})
		e := entry(s.offers("net.onnx"))
		if _, err := s.pull(t, e, true); err != nil {
			t.Fatal(err)
		}
		s.put("/net.onnx", c.second)
		placed, err := s.pull(t, e, true)
		if face.CodeOf(err) != c.code {
			t.Errorf("%s: placed %v, %v", name, placed, err)
		}
		if c.code != "" && (!strings.Contains(err.Error(), filepath.Join(s.dir, "pins.yaml")) || !strings.Contains(err.Error(), e.Files[0].URL)) {
			t.Errorf("%s: %v does not say what to do", name, err)
		}
		if c.code == "" && placed[0].First {
			t.Errorf("%s: recorded again", name)
		}
		if data, err := os.ReadFile(filepath.Join(s.dir, "net.onnx")); err != nil || string(data) != content || files(t, s.dir) != "net.onnx pins.yaml pins.yaml.lock" {
			t.Errorf("%s: there lies %q, %v, files %s", name, data, err, files(t, s.dir))
		}
	}
}

// A file that changes on the disk is damaged, as any other is.
func TestChangedUnpinnedFile(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content})
	e := entry(s.offers("net.onnx"))
	if _, err := s.pull(t, e, true); err != nil {
		t.Fatal(err)
	}
	write(t, s.dir, "net.onnx", strings.ToUpper(content))
	store := NewStore([]Entry{e}, s.dir)
	if _, _, err := store.Installed(e); face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "visage models pull net`") {
		t.Errorf("got %v", err)
	}
	if checks, err := store.Verify(); err != nil || len(checks) != 1 || checks[0].OK || !checks[0].Unpinned {
		t.Errorf("verify says %+v, %v", checks, err)
	}
	if _, err := s.pull(t, e, false); err != nil {
		t.Errorf("what is pinned needs no further consent: %v", err)
	}
}

// Without a hash nothing else shows that a download is not the file.
func TestUnpinnedDownloadsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"web page": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><html>confirm</html>") },
		"nothing":  func(http.ResponseWriter, *http.Request) {},
		"huge": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Length", fmt.Sprint(int64(maxUnknown)+1))
		},
		"cut short": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Length", "99")
			fmt.Fprint(w, content)
		},
		"of no known end": func(w http.ResponseWriter, _ *http.Request) {
			conn, buffer, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			fmt.Fprintf(buffer, "HTTP/1.0 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n%s", content)
			_ = buffer.Flush()
			_ = conn.Close()
		},
	} {
		server := httptest.NewServer(handler)
		t.Cleanup(server.Close)
		e, dir := entry(File{Name: "net.onnx", URL: server.URL, Unpinned: true}), t.TempDir()
		_, err := NewStore([]Entry{e}, dir).Pull(t.Context(), e, e.Files[0], Download{Client: server.Client(), Unpinned: true})
		if face.CodeOf(err) != face.Unavailable || files(t, dir) != "" {
			t.Errorf("%s: %v, left behind %s", name, err, files(t, dir))
		}
	}
}

// A redirection must not leave the encrypted way that alone vouches for a file.
func TestUnpinnedDownloadThatLeavesEncryption(t *testing.T) {
	t.Parallel()
	open := newShop(t, map[string]string{"/net.onnx": content})
	closed := httptest.NewTLSServer(http.RedirectHandler(open.URL+"/net.onnx", http.StatusFound))
	t.Cleanup(closed.Close)
	pull := func(f File) error {
		f.URL = closed.URL
		e := entry(f)
		_, err := NewStore([]Entry{e}, open.dir).Pull(t.Context(), e, e.Files[0], Download{Client: closed.Client(), Unpinned: true})
		return err
	}
	if err := pull(File{Name: "net.onnx", Unpinned: true}); face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "encryption") {
		t.Errorf("got %v", err)
	}
	if err := pull(weights("net.onnx", content)); err != nil {
		t.Errorf("a hash vouches as well: %v", err)
	}
}

// Pulls at the same time lose no pin.
func TestConcurrentPullsKeepAllPins(t *testing.T) {
	t.Parallel()
	const models = 8
	s := newShop(t, map[string]string{})
	var entries []Entry
	for i := range models {
		name := fmt.Sprintf("net%d.onnx", i)
		s.put("/"+name, content+name)
		e := entry(s.offers(name))
		e.Name = fmt.Sprintf("net%d", i)
		entries = append(entries, e)
	}
	var all sync.WaitGroup
	for _, e := range entries {
		all.Go(func() {
			if _, err := s.pull(t, e, true); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	store := NewStore(entries, s.dir)
	if pins, err := store.Pins(); err != nil || len(pins) != models {
		t.Errorf("%d pins, %v", len(pins), err)
	}
	for _, e := range entries {
		if _, _, err := store.Installed(e); err != nil {
			t.Error(err)
		}
	}
}

// A download that ended between opening its file and locking it lies in its
// place by then, and must not be written to.
func TestDownloadThatEndedMeanwhile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	part, err := os.Open(write(t, dir, "net.onnx.part", content))
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	path := filepath.Join(dir, "net.onnx.part")
	if err := stillAt(part, path); err != nil {
		t.Errorf("nothing happened: %v", err)
	}
	if err := os.Rename(path, filepath.Join(dir, "net.onnx")); err != nil {
		t.Fatal(err)
	}
	if err := stillAt(part, path); err == nil {
		t.Error("it is gone, and was not missed")
	}
	write(t, dir, "net.onnx.part", "")
	if err := stillAt(part, path); err == nil {
		t.Error("another took its place, and was taken for it")
	}
}

// Of two processes that pull one file, one must wait; and a hash that another
// recorded meanwhile counts.
func TestTwoPullsOfOneFile(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content})
	e := entry(s.offers("net.onnx"))
	late := NewStore([]Entry{e}, s.dir)
	if pins, err := late.Pins(); err != nil || len(pins) != 0 {
		t.Fatalf("pins %v, %v", pins, err)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	busy, err := openPart(filepath.Join(s.dir, "net.onnx.part"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.pull(t, e, true); face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
	if err := busy.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pull(t, e, true); err != nil {
		t.Fatal(err)
	}
	s.put("/net.onnx", strings.ToUpper(content))
	_, err = late.Pull(t.Context(), e, e.Files[0], Download{Client: s.Client(), Unpinned: true})
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "pins.yaml") {
		t.Errorf("got %v", err)
	}
	if data, err := os.ReadFile(filepath.Join(s.dir, "net.onnx")); err != nil || string(data) != content {
		t.Errorf("there lies %q, %v", data, err)
	}
}

func TestDamagedPins(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content, "/sure.onnx": "sure"})
	loose, sure := entry(s.offers("net.onnx")), entry(s.sells("sure.onnx"))
	sure.Name = "sure"
	if _, err := s.pull(t, loose, true); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(s.dir, "pins.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(whole)
	for name, damaged := range map[string]string{
		"empty":            "",
		"cut":              text[:len(text)-len(text)/4],
		"no YAML":          "\x00\x01",
		"unknown field":    text + "  colour: red\n",
		"short hash":       strings.Replace(text, "sha256: ", "sha256: x", 1),
		"a path":           strings.Replace(text, "file: ", "file: ../", 1),
		"the same twice":   text + text,
		"a part of nobody": text + "  part_of: another\n",
	} {
		write(t, s.dir, "pins.yaml", damaged)
		store := NewStore([]Entry{loose, sure}, s.dir)
		_, pull := store.Pull(t.Context(), loose, loose.Files[0], Download{Client: s.Client(), Unpinned: true})
		_, conversion := store.ImportUnpinned("net", nil, write(t, t.TempDir(), "mine.onnx", "mine"))
		_, _, installed := store.Installed(loose)
		_, pins := store.Pins()
		for what, err := range map[string]error{"pull": pull, "import": conversion, "installed": installed, "pins": pins} {
			if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "pins.yaml") {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		if problems := store.Problems(); len(problems) != 1 || !strings.Contains(problems[0].Error(), "pins.yaml") {
			t.Errorf("%s: problems %v", name, problems)
		}
		if _, err := store.Pull(t.Context(), sure, sure.Files[0], Download{Client: s.Client()}); err != nil {
			t.Errorf("%s: a model with a known hash needs no pins: %v", name, err)
		}
		if now, err := os.ReadFile(filepath.Join(s.dir, "pins.yaml")); err != nil || string(now) != damaged {
			t.Errorf("%s: it was replaced", name)
		}
	}
	write(t, s.dir, "pins.yaml", "# all lines removed by hand\n")
	if _, err := s.pull(t, loose, true); err != nil {
		t.Errorf("pins of comments alone: %v", err)
	}
}

// An unpinned file that somebody put there by hand is not used, and said.
func TestLooseFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	e := entry(File{Name: "net.onnx", URL: "https://example.org/", Unpinned: true})
	path := write(t, dir, "net.onnx", content)
	store := NewStore([]Entry{e}, dir)
	_, _, err := store.Installed(e)
	if command := "visage models import " + path + " --as net --unpinned"; face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), command) {
		t.Errorf("got %v", err)
	}
	if problems := store.Problems(); len(problems) != 1 || problems[0].Error() != err.Error() {
		t.Errorf("problems %v", problems)
	}
	if checks, err := store.Verify(); err != nil || len(checks) != 0 {
		t.Errorf("verify says %v, %v", checks, err)
	}
}
