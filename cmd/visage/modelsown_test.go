package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// A model of the user's own, from its description to the list of all.
func TestModelsImportSpec(t *testing.T) {
	t.Parallel()
	v, home := alone(t)
	v.flags = append(v.flags, ortLib(t)...)
	dir := t.TempDir()
	file, spec := network(t, onnxtest.Recognizer{Input: planes(112), Dim: 256, Seed: 1}), filepath.Join(dir, "ours.yaml")
	for path, text := range map[string]string{
		spec: "kind: recognizer\nsummary: ours\nrecognition: {dim: 256, width: 112, height: 112, native: {crop: arcface, rgb: true, mean: [127.5, 127.5, 127.5], std: [128, 128, 128]}}\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, text, code := v.try("models", "import", file, "--as", "SFace", "--spec", spec); code != exitFailed || !strings.Contains(text, "comes with Visage") {
		t.Errorf("a name that is taken: exit %d, %s", code, text)
	}
	path := strings.TrimSpace(v.do("models", "import", file, "--as", "Ours", "--spec", spec))
	if filepath.Dir(path) != filepath.Join(home, "models") {
		t.Errorf("imported to %s", path)
	}
	if out := v.do("models", "show", "ours"); !strings.Contains(out, "RGB bytes as (x - 127.5) / 128\n") || !strings.Contains(out, "in use      "+path+"\n") || !strings.Contains(out, "dimensions  256\n") {
		t.Errorf("show prints %s", out)
	}
	if out := v.do("models", "list"); !strings.Contains(out, "Ours ") {
		t.Errorf("list prints %s", out)
	}
	if _, text, code := v.try("models", "pull", "ours"); code != exitFailed || !strings.Contains(text, "model of your own") {
		t.Errorf("pull: exit %d, %s", code, text)
	}
	list := filepath.Join(home, "models", "models.yaml")
	if err := os.WriteFile(list, []byte("- name: yunet\n  kind: detector\n  backend: yolo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, text, code := v.try("models", "list"); code != exitFailed || !strings.Contains(text, list) || !strings.Contains(text, "yunet") {
		t.Errorf("a list that cannot be: exit %d, %s", code, text)
	}
	if out := v.do("models", "list", "--models-file", filepath.Join(dir, "none.yaml")); strings.Contains(out, "Ours") {
		t.Errorf("with another list: %s", out)
	}
}

// The list fits a terminal of 120 columns.
func TestModelsListIsNarrow(t *testing.T) {
	t.Parallel()
	v, _ := alone(t)
	for _, line := range strings.Split(v.do("models", "list"), "\n") {
		if n := utf8.RuneCountInString(line); n > 120 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// All is what can be had and is not there yet, and one that fails does not keep
// the others from coming.
func TestPullAllModels(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "absent") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("blob of "+r.URL.Path))
	}))
	t.Cleanup(server.Close)
	entry := func(name, commercial string, f registry.File) registry.Entry {
		f.Name, f.URL = name+".onnx", server.URL+"/"+name
		return registry.Entry{Name: name, Kind: registry.Detector, Commercial: commercial, Files: []registry.File{f}}
	}
	const free = "4aae6931ab04fcca852eb7cf4eb1ebe3c39a6af6" // git hash-object of "blob of /free"
	entries := []registry.Entry{
		entry("absent", "yes", registry.File{GitBlob: free, Bytes: 3_000_000}),
		entry("free", "yes", registry.File{GitBlob: free}),
		entry("loose", "no", registry.File{Unpinned: true, About: 2_000_000}),
		{Name: "made", Kind: registry.Detector, Commercial: "yes", Files: []registry.File{{Name: "m.onnx", Made: "by hand", SHA256: strings.Repeat("0", 64)}}},
		{Name: "inside", Kind: registry.Detector, Commercial: "yes", BuiltIn: true},
	}
	home := t.TempDir()
	pull := func(unpinned, commercial bool) (out, said string, err error) {
		var o, e bytes.Buffer
		a := &app{out: &o, errOut: &e}
		err = a.pullAll(t.Context(), registry.NewStore(entries, home), registry.Download{Client: server.Client(), Unpinned: unpinned}, commercial)
		return o.String(), e.String(), err
	}
	out, said, err := pull(false, true)
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "404") || strings.TrimSpace(out) != filepath.Join(home, "free.onnx") || !strings.HasPrefix(said, "2 models to pull, ~3 MB, and 1 of unknown size\n") || !strings.Contains(said, "verified by its git blob") {
		t.Errorf("pulled %s, said %s, %v", out, said, err)
	}
	out, said, err = pull(true, false)
	if err == nil || strings.TrimSpace(out) != filepath.Join(home, "loose.onnx") || !strings.HasPrefix(said, "2 models to pull, ~5 MB\n") {
		t.Errorf("with the unpinned pulled %s, said %s, %v", out, said, err)
	}
}

func TestModelsPullThatIsMisused(t *testing.T) {
	t.Parallel()
	v, _ := alone(t)
	for _, args := range [][]string{{}, {"yunet", "--all"}, {"yunet", "--commercial"}, {"--commercial"}} {
		if _, text, code := v.try(append([]string{"models", "pull"}, args...)...); code != exitMisused || !strings.Contains(text, "--all") {
			t.Errorf("%q: exit %d, %s", args, code, text)
		}
	}
}

// Downloads go through the proxy that the environment names. It takes a process
// of its own, for Go reads that environment once.
func TestModelsPullThroughAProxy(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- r.Method + " " + r.Host:
		default:
		}
		http.Error(w, "not from here", http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	cmd := exec.Command(os.Args[0], "models", "pull", "yunet", "--home", t.TempDir())
	cmd.Env = append(os.Environ(), asVisage+"=1", "HTTPS_PROXY="+proxy.URL, "NO_PROXY=", "https_proxy=", "no_proxy=")
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Forbidden") {
		t.Errorf("%v: %s", err, out)
	}
	select {
	case got := <-asked:
		if got != "CONNECT github.com:443" {
			t.Errorf("the proxy was asked for %s", got)
		}
	default:
		t.Error("the proxy was not asked")
	}
}
