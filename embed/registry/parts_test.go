package registry

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// cascade is a model of three networks.
func cascade(s *shop) Entry {
	f := s.sells("p.onnx")
	f.Parts = []File{s.sells("r.onnx"), s.sells("o.onnx")}
	return entry(f)
}

func newCascade(t *testing.T) *shop {
	t.Helper()
	return newShop(t, map[string]string{"/p.onnx": "propose", "/r.onnx": "refine", "/o.onnx": "say where"})
}

// A file is installed when all of its parts are.
func TestParts(t *testing.T) {
	t.Parallel()
	s := newCascade(t)
	e := cascade(s)
	placed, err := s.pull(t, e, false)
	if err != nil || len(placed) != 3 || files(t, s.dir) != "o.onnx p.onnx r.onnx" {
		t.Fatalf("pulled %v, %v, files %s", placed, err, files(t, s.dir))
	}
	store := NewStore([]Entry{e}, s.dir)
	f, path, err := store.Installed(e)
	if err != nil || filepath.Base(path) != "p.onnx" {
		t.Fatalf("installed %s, %v", path, err)
	}
	paths, err := store.Paths(e, f)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for i, part := range f.All() {
		data, err := Load(paths[i], part)
		if err != nil {
			t.Error(err)
		}
		texts = append(texts, string(data))
	}
	if want := []string{"propose", "refine", "say where"}; !slices.Equal(texts, want) {
		t.Errorf("parts are %q, want %q", texts, want)
	}
	if err := os.Rename(filepath.Join(s.dir, "r.onnx"), filepath.Join(s.dir, "r.onnx.part")); err != nil {
		t.Fatal(err)
	}
	_, _, err = NewStore([]Entry{e}, s.dir).Installed(e)
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "r.onnx") || !strings.Contains(err.Error(), "visage models pull net`") {
		t.Errorf("a part is missing: %v", err)
	}
	write(t, s.dir, "r.onnx", "REFINE")
	_, _, err = NewStore([]Entry{e}, s.dir).Installed(e)
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "r.onnx") {
		t.Errorf("a part is damaged: %v", err)
	}
	checks, err := NewStore([]Entry{e}, s.dir).Verify()
	if err != nil || len(checks) != 3 || checks[2].OK || checks[2].Model != "net" {
		t.Errorf("verify says %+v, %v", checks, err)
	}
}

// A part that was cut short goes on where it ended, and one that the server
// lacks leaves those before it.
func TestPullOfPartsThatIsCut(t *testing.T) {
	t.Parallel()
	s := newCascade(t)
	e := cascade(s)
	delete(s.stock, "/o.onnx")
	placed, err := s.pull(t, e, false)
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "404") || len(placed) != 2 {
		t.Fatalf("placed %v, %v", placed, err)
	}
	s.put("/o.onnx", "say where")
	write(t, s.dir, "o.onnx.part", "say")
	if placed, err = s.pull(t, e, false); err != nil || len(placed) != 3 || files(t, s.dir) != "o.onnx p.onnx r.onnx" {
		t.Errorf("placed %v, %v, files %s", placed, err, files(t, s.dir))
	}
	if last := s.asked[len(s.asked)-1]; last != "/o.onnx bytes=3-" {
		t.Errorf("asked for %s", last)
	}
}

// Import takes any part, also one that two models share.
func TestImportOfAPart(t *testing.T) {
	t.Parallel()
	s := newCascade(t)
	e := cascade(s)
	twin := e
	twin.Name = "fastnet"
	store := NewStore([]Entry{e, twin}, s.dir)
	file := write(t, t.TempDir(), "x", "refine")
	for _, name := range []string{"net", "fastnet"} {
		placed, err := store.Import(name, file)
		if err != nil || len(placed) != 1 || filepath.Base(placed[0].Path) != "r.onnx" {
			t.Errorf("%s: placed %v, %v", name, placed, err)
		}
	}
}

// A file that nobody publishes cannot be pulled, and how it was made is said.
func TestFileThatWasMade(t *testing.T) {
	t.Parallel()
	f := weights("net.onnx", content)
	f.Made = "tf2onnx of net.tflite"
	e, dir := entry(f), filepath.Join(t.TempDir(), "models")
	store := NewStore([]Entry{e}, dir)
	_, _, missing := store.Installed(e)
	_, refused := store.Pull(t.Context(), e, f, Download{})
	for code, err := range map[face.Code]error{face.Unavailable: missing, face.Invalid: refused} {
		if face.CodeOf(err) != code || !strings.Contains(err.Error(), "visage models import FILE --as net`") || !strings.Contains(err.Error(), f.Made) {
			t.Errorf("got %v", err)
		}
	}
	if _, err := store.Import("net", write(t, t.TempDir(), "mine", content)); err != nil {
		t.Error(err)
	}
	if _, _, err := NewStore([]Entry{e}, dir).Installed(e); err != nil {
		t.Error(err)
	}
	both := entry(f, File{Name: "other.onnx", URL: "https://example.org/", SHA256: sum64, Bytes: 9})
	if _, _, err := NewStore([]Entry{both}, t.TempDir()).Installed(both); err == nil || !strings.Contains(err.Error(), "visage models pull net`") {
		t.Errorf("where another file can be pulled: %v", err)
	}
}
