package registry

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// A user's own conversion is one more file of the model, after the others.
func TestImportUnpinned(t *testing.T) {
	t.Parallel()
	home, usb := filepath.Join(t.TempDir(), "models"), t.TempDir()
	made := File{Name: "net.onnx", Made: "export of net.pt", Unpinned: true}
	e := entry(made, weights("pinned.onnx", "pinned"))
	_, _, err := NewStore([]Entry{entry(made)}, home).Installed(entry(made))
	if err == nil || !strings.Contains(err.Error(), "visage models import FILE --as net --unpinned`") || !strings.Contains(err.Error(), made.Made) {
		t.Errorf("missing: %v", err)
	}
	store := NewStore([]Entry{e}, home)
	placed, err := store.ImportUnpinned("net", nil, write(t, usb, "mine.ONNX", content))
	sum := weights("", content).SHA256
	name := "net-" + sum[:12] + ".ONNX"
	if err != nil || len(placed) != 1 || !placed[0].First || placed[0].File.SHA256 != sum || filepath.Base(placed[0].Path) != name {
		t.Fatalf("placed %+v, %v", placed, err)
	}
	if again, err := NewStore([]Entry{e}, home).Import("net", write(t, usb, "copy", content)); err != nil || again[0].Path != placed[0].Path || again[0].First {
		t.Errorf("what is recorded is known: %+v, %v", again, err)
	}
	if again, err := store.ImportUnpinned("net", nil, filepath.Join(usb, "mine.ONNX")); err != nil || again[0].Path != placed[0].Path {
		t.Errorf("the same again: %+v, %v", again, err)
	}
	if _, err := store.ImportUnpinned("net", nil, write(t, usb, "other.onnx", "another")); err != nil {
		t.Errorf("a second conversion: %v", err)
	}
	store = NewStore([]Entry{e}, home)
	if names := store.Entries()[0].Files; len(names) != 4 || names[2].Name != name {
		t.Errorf("files %+v", names)
	}
	f, path, err := store.Installed(e)
	if err != nil || f.Name != name {
		t.Fatalf("installed %+v, %v", f, err)
	}
	if data, err := Load(path, f); err != nil || string(data) != content {
		t.Errorf("loaded %q, %v", data, err)
	}
	write(t, home, "pinned.onnx", "pinned")
	if f, _, err := NewStore([]Entry{e}, home).Installed(e); err != nil || f.Name != "pinned.onnx" {
		t.Errorf("the registry's own file comes first: %+v, %v", f, err)
	}
	write(t, home, name, "changed")
	_, err = NewStore([]Entry{entry(made)}, home).Path(e, store.Entries()[0].Files[2])
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "visage models import FILE --as net --unpinned") {
		t.Errorf("a conversion that changed: %v", err)
	}
}

func TestImportUnpinnedOfParts(t *testing.T) {
	t.Parallel()
	home, usb := filepath.Join(t.TempDir(), "models"), t.TempDir()
	whole := weights("p.onnx", "p")
	whole.Parts = []File{weights("r.onnx", "r"), weights("o.onnx", "o")}
	e := entry(whole)
	mine := []string{write(t, usb, "1.onnx", "my p"), write(t, usb, "2.onnx", "my r"), write(t, usb, "3.onnx", "my o")}
	store := NewStore([]Entry{e}, home)
	if _, err := store.ImportUnpinned("net", nil, mine[0]); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "p.onnx, r.onnx, o.onnx; 1 given") {
		t.Errorf("too few: %v", err)
	}
	for _, order := range [][]string{mine, {mine[0], mine[2], mine[1]}} { // of which none takes the other's place
		if placed, err := NewStore([]Entry{e}, home).ImportUnpinned("net", nil, order...); err != nil || len(placed) != 3 {
			t.Fatalf("placed %+v, %v", placed, err)
		}
	}
	store = NewStore([]Entry{e}, home)
	if n := len(store.Entries()[0].Files); n != 3 {
		t.Errorf("%d files, want the registry's and two conversions", n)
	}
	f, _, err := store.Installed(e)
	if err != nil || len(f.Parts) != 2 {
		t.Fatalf("installed %+v, %v", f, err)
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
	if want := []string{"my p", "my r", "my o"}; !slices.Equal(texts, want) {
		t.Errorf("parts %q, want %q", texts, want)
	}
}

func TestImportUnpinnedOfWhatIsNone(t *testing.T) {
	t.Parallel()
	home, usb := filepath.Join(t.TempDir(), "models"), t.TempDir()
	store := NewStore([]Entry{entry(weights("net.onnx", "weights")), {Name: "haar", Kind: Detector, BuiltIn: true}}, home)
	mine := write(t, usb, "mine.onnx", "mine")
	for name, c := range map[string]struct {
		model, path string
		code        face.Code
	}{
		"no model":       {"nobody", mine, face.NotFound},
		"built in":       {"haar", mine, face.Invalid},
		"no file":        {"net", filepath.Join(usb, "absent"), face.Unavailable},
		"a folder":       {"net", usb, face.Mismatch},
		"a device":       {"net", "/dev/zero", face.Mismatch},
		"an empty file":  {"net", write(t, usb, "empty", ""), face.Mismatch},
		"what is pinned": {"net", write(t, usb, "known", "weights"), ""},
	} {
		placed, err := store.ImportUnpinned(c.model, nil, c.path)
		if face.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
		if c.code == "" && (len(placed) != 1 || placed[0].First || files(t, home) != "net.onnx") {
			t.Errorf("%s: placed %+v, files %s", name, placed, files(t, home))
		}
	}
}
