package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// alone is the program with a home of its own and no database, which the
// commands of models do without.
func alone(t *testing.T) (v visage, home string) {
	t.Helper()
	home = t.TempDir()
	return visage{t, []string{"--home", home, "--models", "", "--log-level", "error"}}, home
}

// A user's own conversion of a known model, from import to verify.
func TestModelsImportUnpinned(t *testing.T) {
	t.Parallel()
	v, home := alone(t)
	v.flags = append(v.flags, ortLib(t)...)
	mine := network(t, onnxtest.Recognizer{Input: planes(112), Dim: 512, Seed: 1})
	if _, text, code := v.try("models", "import", mine, "--as", "buffalo_s"); code != exitFailed || !strings.Contains(text, "--unpinned") {
		t.Errorf("without consent: exit %d, %s", code, text)
	}
	out, text, code := v.try("models", "import", mine, "--as", "Buffalo_S", "--unpinned")
	path := strings.TrimSpace(out)
	if code != exitDone || filepath.Dir(path) != filepath.Join(home, "models") || !strings.Contains(text, "recorded SHA-256") {
		t.Fatalf("exit %d, %s%s", code, out, text)
	}
	shown := answer[listed](v, "models", "show", "Buffalo_S")
	if !shown.Installed || !shown.Unpinned || shown.Path != path || shown.Bytes == 0 {
		t.Errorf("shown %+v", shown)
	}
	if out := v.do("models", "list"); !strings.Contains(out, "installed, unpinned") || !strings.Contains(out, "not installed") || !strings.Contains(out, "38.7 MB") {
		t.Errorf("list prints %s", out)
	}
	if out := v.do("models", "verify"); !strings.Contains(out, "ok, unpinned") || !strings.Contains(out, path) {
		t.Errorf("verify prints %s", out)
	}
	if err := os.WriteFile(path, []byte("b conversion"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, text, code := v.try("models", "verify"); code != exitFailed || !strings.Contains(out, "damaged") || !strings.Contains(text, "import it again") {
		t.Errorf("verify of a changed file exits %d: %s%s", code, out, text)
	}
	if err := os.WriteFile(filepath.Join(home, "models", "pins.yaml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, text, code := v.try("models", "verify"); code != exitFailed || !strings.Contains(text, "pins.yaml") {
		t.Errorf("verify with damaged pins exits %d: %s", code, text)
	}
}

// Pull takes what has no hash only when told, and says what it recorded.
func TestPullModels(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader("weights of "+r.URL.Path))
	}))
	t.Cleanup(server.Close)
	file := func(name string) registry.File {
		return registry.File{Name: name, URL: server.URL + "/" + name, Unpinned: true}
	}
	whole := file("p.onnx")
	whole.Parts = []registry.File{file("r.onnx")}
	made := registry.File{Name: "m.onnx", Made: "tf2onnx of m.h5", SHA256: strings.Repeat("0", 64), Bytes: 7}
	entries := []registry.Entry{
		{Name: "two-nets", Aliases: []string{"pair"}, Kind: registry.Detector, Licence: "MIT", Files: []registry.File{whole}},
		{Name: "made", Kind: registry.Detector, Files: []registry.File{made}},
	}
	home := t.TempDir()
	pull := func(name string, unpinned bool) (out, said string, err error) {
		var o, e bytes.Buffer
		a := &app{out: &o, errOut: &e}
		err = a.pullModels(t.Context(), registry.NewStore(entries, home), registry.Download{Client: server.Client(), Unpinned: unpinned}, []string{name})
		return o.String(), e.String(), err
	}
	if _, _, err := pull("TWONETS", false); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "visage models pull two-nets --unpinned") {
		t.Errorf("without consent: %v", err)
	}
	if _, _, err := pull("made", true); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "tf2onnx of m.h5") {
		t.Errorf("what nobody publishes: %v", err)
	}
	out, said, err := pull("pair", true)
	if err != nil || strings.Count(out, "\n") != 2 || strings.Count(said, "recorded SHA-256") != 2 || !strings.Contains(said, "size unknown; licence: MIT") {
		t.Errorf("pulled %s, said %s, %v", out, said, err)
	}
	server.Close() // what is installed is not asked for again
	if again, said, err := pull("pair", true); err != nil || again != out || !strings.Contains(said, "two-nets is installed") {
		t.Errorf("pulled again %s, said %s, %v", again, said, err)
	}
}

// Show prints parts, how a file was made, and what vouches for it.
func TestPrintModel(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := &app{out: &out}
	a.printModel(listed{Entry: registry.Entry{
		Name: "net", Aliases: []string{"nett", "netz"}, Kind: registry.Detector, Build: "dlib", Backend: "yolo",
		Files: []registry.File{
			{Name: "p.onnx", URL: "https://example.org/p.zip", Archive: "zip", Member: "nets/p", Unpinned: true,
				Parts: []registry.File{{Name: "r.onnx", Made: "by hand", SHA256: "12ab", Bytes: 5}}},
			{Name: "i.onnx", Made: "imported", SHA256: "34cd", Bytes: 6, Unpinned: true},
		},
	}})
	for _, want := range []string{
		"aliases     nett, netz\n", "backend     yolo\n", "tag dlib\n", "file        p.onnx, size unknown\n", "no published hash\n", "https://example.org/p.zip\n",
		"zip archive nets/p\n", "with        r.onnx, 5 bytes\n", "sha256 12ab\n", "made: by hand\n", "sha256 34cd (unpinned",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	out.Reset()
	a.printModel(listed{Path: "/models/g.dat", Parts: []string{"/models/h.dat"}, Entry: registry.Entry{
		Name: "g", Kind: registry.Recognizer, References: []string{"a paper", "a repository"},
		Recognition: &registry.Recognition{
			Dim: 128, Width: 47, Height: 55, Layout: registry.NHWC, Output: "out",
			Native: &registry.Native{Crop: registry.CropBox, Margin: 0.25, Input: registry.Input{Mean: [3]float32{1, 2, 3}, Std: [3]float32{1, 1, 1}}},
			DeepFace: &registry.DeepFace{
				Input: registry.Input{RGB: true, Std: [3]float32{1, 1, 1}}, Bytes: true, Unit: true, MinMax: &[2]float64{-1, 2},
				Thresholds: face.Thresholds{{Metric: face.Cosine, Distance: 0.5, Source: "a table"}},
			},
		},
		Files: []registry.File{
			{Name: "g.dat", URL: "https://example.org/g.bz2", Mirrors: []string{"https://example.net/g"}, Archive: "bz2", About: 22_000_000, GitBlob: "ab12", ArchiveSHA256: "cd34", SHA256: "ef56", Recorded: true},
			{Name: "p.dat", URL: "https://example.org/p", SHA256: "78ab"},
		},
	}})
	for _, want := range []string{
		"reference   a paper\nreference   a repository\n", "input       47 pixels wide, 55 high, NHWC\n", "output      out\n", "profile     deepface where none is named\n",
		"native      crop box and 25 % more, BGR bytes as x - [1 2 3]\n", "deepface    RGB bytes, length 1, minmax -1 to 2\n", "threshold cosine 0.5: a table\n",
		"in use      /models/g.dat\n            /models/h.dat\n", "g.dat, ~22 MB\n", "sha256 ef56 (as it came, verified by", "git blob ab12 (published)\n", "archive's sha256 cd34 (published)\n",
		"or https://example.net/g\n", "sha256 78ab (published)\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "problem") {
		t.Errorf("a problem is printed where there is none:\n%s", out.String())
	}
}
