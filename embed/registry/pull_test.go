package registry

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

const content = "the weights of a network, some bytes of them"

// pull downloads from a server with the given handler into an empty folder,
// where begun lies already if it is not empty.
func pull(t *testing.T, begun string, handler http.HandlerFunc) (dir string, told int64, err error) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	f := weights("net.onnx", content)
	f.URL = server.URL + "/net.onnx"
	dir = filepath.Join(t.TempDir(), "models")
	if begun != "" {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, dir, "net.onnx.part", begun)
	}
	s := NewStore([]Entry{entry(f)}, dir)
	_, err = s.Pull(context.Background(), entry(f), f, Download{Client: server.Client(), Progress: func(_ File, have, _ int64) { told = have }})
	return dir, told, err
}

func serve(w http.ResponseWriter, r *http.Request) {
	http.ServeContent(w, r, "net.onnx", time.Time{}, strings.NewReader(content))
}

func files(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return strings.Join(names, " ")
}

func TestPull(t *testing.T) {
	t.Parallel()
	ranges := ""
	for name, c := range map[string]struct {
		begun   string
		handler http.HandlerFunc
	}{
		"all of it":                        {"", serve},
		"the rest of it":                   {content[:10], func(w http.ResponseWriter, r *http.Request) { ranges = r.Header.Get("Range"); serve(w, r) }},
		"from a server that starts anew":   {content[:10], func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }},
		"what had only to be put in place": {content, func(http.ResponseWriter, *http.Request) { t.Error("asked the server for nothing") }},
		"what is moved to another address": {"", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/net.onnx" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return
			}
			serve(w, r)
		}},
	} {
		dir, _, err := pull(t, c.begun, c.handler)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := os.ReadFile(filepath.Join(dir, "net.onnx")); err != nil || string(got) != content || files(t, dir) != "net.onnx" {
			t.Errorf("%s: %q, %v, files %s", name, got, err, files(t, dir))
		}
	}
	if ranges != "bytes=10-" {
		t.Errorf("went on with range %q", ranges)
	}
}

func TestPullOfOtherBytes(t *testing.T) {
	t.Parallel()
	wrong := strings.ToUpper(content)
	dir, _, err := pull(t, "", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, wrong) })
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), weights("", wrong).SHA256) || !strings.Contains(err.Error(), weights("", content).SHA256) {
		t.Errorf("got %v, want an error with both hashes", err)
	}
	if left := files(t, dir); left != "" {
		t.Errorf("left behind %s", left)
	}
	dir, _, err = pull(t, "", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) })
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "more than") || files(t, dir) != "" {
		t.Errorf("a server without end: %v, left behind %s", err, files(t, dir))
	}
	dir, told, err := pull(t, "", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content[:20]) })
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "20 bytes, want 44") || told != 0 || files(t, dir) != "" {
		t.Errorf("a shorter file: %v, told %d, left behind %s", err, told, files(t, dir))
	}
	dir, _, err = pull(t, content[:10], func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) })
	if face.CodeOf(err) != face.Mismatch || files(t, dir) != "" {
		t.Errorf("a file that ends before what is there already: %v, left behind %s", err, files(t, dir))
	}
}

// A connection that is cut leaves what came, and the next pull goes on there.
func TestPullThatIsCut(t *testing.T) {
	t.Parallel()
	dir, told, err := pull(t, "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		fmt.Fprint(w, content[:20])
	})
	if face.CodeOf(err) != face.Unavailable {
		t.Errorf("got %v", err)
	}
	if part, err := os.ReadFile(filepath.Join(dir, "net.onnx.part")); err != nil || string(part) != content[:20] || told != 20 {
		t.Errorf("kept %q, %v, told %d", part, err, told)
	}
	_, _, err = pull(t, "", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "gone", http.StatusGone) })
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "410") {
		t.Errorf("an error of the server: %v", err)
	}
}
