package registry

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// mine describes a recogniser of the user's.
const mine = `# of our own training
kind: recognizer
summary: ours
recognition:
  dim: 256
  width: 112
  height: 112
  native: # as it was trained
    crop: arcface
    rgb: true
    thresholds: [{metric: cosine, distance: 0.5, source: our own pairs}]
`

// owner has a home and a list of models of its own.
type owner struct {
	t          *testing.T
	home, list string
}

func newOwner(t *testing.T) owner {
	t.Helper()
	home := filepath.Join(t.TempDir(), "models")
	return owner{t, home, filepath.Join(home, ownName)}
}

// store knows one of the program's models and the user's.
func (o owner) store() *Store {
	o.t.Helper()
	program := []Entry{{Name: "Given", Aliases: []string{"Gift"}, Kind: Detector, BuiltIn: true}}
	own, err := Own(o.list, program)
	if err != nil {
		o.t.Fatal(err)
	}
	return NewStore(append(program, own...), o.home)
}

// file writes a file outside of the home.
func (o owner) file(content string) string {
	o.t.Helper()
	return write(o.t, o.t.TempDir(), "file.onnx", content)
}

func (o owner) add(name, spec string, inspect Inspect, weights ...string) ([]Placed, error) {
	o.t.Helper()
	var paths []string
	for _, w := range weights {
		paths = append(paths, o.file(w))
	}
	return o.store().ImportOwn(Spec{Name: name, Path: o.file(spec), List: o.list}, inspect, paths...)
}

// A user's model is described once, inspected, and then like any other.
func TestOwnModel(t *testing.T) {
	t.Parallel()
	o := newOwner(t)
	var inspected []string
	inspect := func(e Entry, paths []string) error {
		if e.Recognition.Dim != 256 || !e.Own || len(paths) != 1 || files(t, filepath.Dir(o.home)) != "" {
			t.Errorf("inspected %+v, %q; there lies %s", e, paths, files(t, filepath.Dir(o.home)))
		}
		inspected = paths
		return nil
	}
	placed, err := o.add("Mine", mine, inspect, "weights")
	if err != nil || len(placed) != 1 || !placed[0].First || len(inspected) != 1 {
		t.Fatalf("placed %+v, %v", placed, err)
	}
	store := o.store()
	e, err := Find(store.Entries(), Recognizer, "MINE")
	if err != nil || e.Commercial != "unclear" || e.Recognition.Native.Std != [3]float32{1, 1, 1} || e.Recognition.Layout != NCHW {
		t.Fatalf("found %+v, %v", e, err)
	}
	if f, path, err := store.Installed(e); err != nil || path != placed[0].Path || f.Vouch() != ByNobody {
		t.Errorf("installed %+v, %s, %v", f, path, err)
	}
	if _, err := store.Default(Recognizer); face.CodeOf(err) != face.Unavailable {
		t.Errorf("it is used where it is named: %v", err)
	}
	before, err := os.ReadFile(o.list)
	if err != nil || !strings.Contains(string(before), "# of our own training") || !strings.Contains(string(before), "# as it was trained") || !strings.Contains(string(before), "- name: Mine\n") {
		t.Errorf("list %s, %v", before, err)
	}
	if _, err := o.add("mine", "name: Mine\n"+mine, nil, "other weights"); err != nil {
		t.Errorf("the same description with other weights: %v", err)
	}
	if _, err := o.add("Second", mine, nil, "weights"); err != nil {
		t.Errorf("another model: %v", err)
	}
	entries := o.store().Entries()
	if after, err := os.ReadFile(o.list); err != nil || !strings.HasPrefix(string(after), strings.TrimSpace(string(before))) || len(entries) != 3 || len(entries[1].Files) != 2 {
		t.Errorf("list %s, %v, models %+v", after, err, entries)
	}
	if _, err := o.store().ImportUnpinned("second", nil, o.file("third weights")); err != nil {
		t.Errorf("without a description: %v", err)
	}
}

func TestOwnDetector(t *testing.T) {
	t.Parallel()
	o := newOwner(t)
	if _, err := o.add("cascade", "{kind: detector, backend: mtcnn}", nil, "p", "r", "o"); err != nil {
		t.Fatal(err)
	}
	store := o.store()
	f, _, err := store.Installed(store.Entries()[1])
	if err != nil || len(f.Parts) != 2 || store.Entries()[1].Backend != "mtcnn" {
		t.Errorf("installed %+v, %v", f, err)
	}
}

// Whatever is refused leaves nothing behind.
func TestOwnModelsThatAreRefused(t *testing.T) {
	t.Parallel()
	held := newOwner(t)
	if _, err := held.add("Held", mine, nil, "weights"); err != nil {
		t.Fatal(err)
	}
	lying := files(t, held.home)
	for name, c := range map[string]struct {
		model, spec string
		inspect     error
		code        face.Code
		text        string
	}{
		"a name of the program's":      {"given", mine, nil, face.Invalid, "choose another"},
		"an alias of the program's":    {"Other", mine + "aliases: [gi-ft]\n", nil, face.Invalid, `"gi-ft" is that of the detector Given`},
		"an alias of another's":        {"Other", mine + "aliases: [held]\n", nil, face.Invalid, "taken by Held"},
		"described otherwise":          {"Held", strings.Replace(mine, "256", "128", 1), nil, face.Exists, "described otherwise"},
		"another name":                 {"Other", "name: Third\n" + mine, nil, face.Invalid, "it describes Third"},
		"an unknown field":             {"Other", mine + "colour: red\n", nil, face.Invalid, "line 12: field colour"},
		"no YAML":                      {"Other", "\x00", nil, face.Invalid, "file.onnx, description of Other"},
		"nothing":                      {"Other", "", nil, face.Invalid, "fields of a model"},
		"a list":                       {"Other", "- kind: detector\n", nil, face.Invalid, "file.onnx"},
		"two documents":                {"Other", mine + "---\n" + mine, nil, face.Invalid, "more than one"},
		"no kind":                      {"Other", "summary: x\n", nil, face.Invalid, "kind is"},
		"files":                        {"Other", mine + "files: [{name: x, made: y, unpinned: true}]\n", nil, face.Invalid, "models import"},
		"built in":                     {"Other", mine + "built_in: true\n", nil, face.Invalid, "models import"},
		"a detector without a backend": {"Other", "kind: detector\n", nil, face.Invalid, "backend"},
		"a recogniser without input":   {"Other", "kind: recognizer\n", nil, face.Invalid, "recognition"},
		"a threshold without a source": {"Other", strings.Replace(mine, ", source: our own pairs", "", 1), nil, face.Invalid, "with its source"},
		"a path for a name":            {"../Other", mine, nil, face.Invalid, "name"},
		"a terminal's command":         {"O\x1b[31mther", mine, nil, face.Invalid, `"O\x1b[31mther"`},
		"too long a name":              {strings.Repeat("o", 201), mine, nil, face.Invalid, "at most 200"},
		"a mean that is none":          {"Other", strings.Replace(mine, "rgb: true", "mean: [.nan, 0, 0]", 1), nil, face.Invalid, "finite"},
		"an endless mean":              {"Other", strings.Replace(mine, "rgb: true", "mean: [.inf, 0, 0]", 1), nil, face.Invalid, "finite"},
		"a margin that is none":        {"Other", strings.Replace(mine, "crop: arcface", "crop: box\n    margin: .nan", 1), nil, face.Invalid, "margin"},
		"an endless threshold":         {"Other", strings.Replace(mine, "distance: 0.5", "distance: .inf", 1), nil, face.Invalid, "finite"},
		"a curve that is none":         {"Other", strings.Replace(mine, "distance: 0.5", "distance: 0.5, curve: {w: .nan}", 1), nil, face.Invalid, "curve"},
		"an endless range":             {"Other", strings.Replace(mine, "native:", "deepface: {minmax: [0, .inf]}\n  native:", 1), nil, face.Invalid, "minmax"},
		"liveness without scales":      {"Other", "kind: liveness\npresentation: {width: 80, height: 80, classes: 3, live: 1}\n", nil, face.Invalid, "no scales"},
		"liveness of a class too many": {"Other", "kind: liveness\npresentation: {width: 80, height: 80, scales: [2], classes: 3, live: 3}\n", nil, face.Invalid, "class 3 of 3"},
		"liveness from certainty on":   {"Other", "kind: liveness\npresentation: {width: 80, height: 80, scales: [2], classes: 3, live: 1, threshold: 1}\n", nil, face.Invalid, "threshold of 1"},
		"what inspection refuses":      {"Other", mine, errors.New("no such input"), face.Internal, "no such input"},
	} {
		_, err := held.add(c.model, c.spec, func(Entry, []string) error { return c.inspect }, "more weights")
		if face.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %q with %q", name, err, c.code, c.text)
		}
		if now := files(t, held.home); now != lying {
			t.Errorf("%s: left behind %s", name, now)
		}
	}
	if _, err := held.add("Other", mine, nil, "one", "two"); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "one file") {
		t.Errorf("two files: %v", err)
	}
	if _, err := held.store().ImportOwn(Spec{Name: "Other", Path: "/nowhere.yaml", List: held.list}, nil, held.file("x")); face.CodeOf(err) != face.Unavailable {
		t.Errorf("no description: %v", err)
	}
}

// The inspection of a conversion of one of the program's models comes before
// anything is copied or recorded, too.
func TestConversionThatInspectionRefuses(t *testing.T) {
	t.Parallel()
	e, dir := entry(weights("net.onnx", content)), filepath.Join(t.TempDir(), "models")
	why := face.Errorf(face.Mismatch, "the graph has no such input")
	_, err := NewStore([]Entry{e}, dir).ImportUnpinned("net", func(Entry, []string) error { return why }, write(t, t.TempDir(), "x", "mine"))
	if !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind %s", files(t, dir))
	}
}

// A list that the user keeps stays as it is but for what is added; one to whose
// end nothing can be added is left alone.
func TestListOfTheUsersOwn(t *testing.T) {
	t.Parallel()
	described := "name: First\n" + mine
	for name, c := range map[string]struct {
		text string
		code face.Code
	}{
		"comments alone": {"# ours\n", ""},
		"a model":        {"# ours\n- " + strings.ReplaceAll(described, "\n", "\n  ") + "# the end", ""},
		"set in":         {"  - " + strings.ReplaceAll(described, "\n", "\n    ") + "\n", face.Invalid},
		"one line":       {"[{name: First, kind: detector, backend: yolo}]\n", face.Invalid},
		"damaged":        {"- name: [\n", face.Invalid},
	} {
		o := newOwner(t)
		link := filepath.Join(t.TempDir(), "link.yaml")
		o.list = write(t, t.TempDir(), "ours.yaml", c.text)
		if err := os.Symlink(o.list, link); err != nil {
			t.Fatal(err)
		}
		store := NewStore(nil, o.home)
		_, err := store.ImportOwn(Spec{Name: "Mine", Path: o.file(mine), List: link}, nil, o.file("weights"))
		now, readErr := os.ReadFile(o.list)
		if face.CodeOf(err) != c.code || readErr != nil || !strings.HasPrefix(string(now), strings.TrimRight(c.text, "\n")) {
			t.Errorf("%s: %v, %v, list %s", name, err, readErr, now)
		}
		if c.code != "" && (string(now) != c.text || !strings.Contains(err.Error(), link)) {
			t.Errorf("%s: %v, list %s", name, err, now)
		}
		if c.code == "" && len(o.store().Entries()) < 2 {
			t.Errorf("%s: models %+v", name, o.store().Entries())
		}
	}
}

// The descriptions that the documents show are ones.
func TestDocumentedDescriptions(t *testing.T) {
	t.Parallel()
	var blocks []string
	for _, page := range []string{"models.md", "liveness.md"} {
		text, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		blocks = append(blocks, strings.Split(string(text), "```yaml\n")[1:]...)
	}
	if len(blocks) < 3 {
		t.Errorf("%d descriptions", len(blocks))
	}
	for _, block := range blocks {
		o := newOwner(t)
		spec, _, _ := strings.Cut(block, "```")
		if _, err := o.add("Ours", spec, nil, "weights"); err != nil {
			t.Errorf("%v in %s", err, spec)
		}
	}
}

// Imports at the same time lose no model.
func TestConcurrentImportsKeepAllModels(t *testing.T) {
	t.Parallel()
	o := newOwner(t)
	store, spec, weights := o.store(), o.file(mine), o.file("weights")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := store.ImportOwn(Spec{Name: fmt.Sprintf("mine%d", i), Path: spec, List: o.list}, nil, weights); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	store = o.store()
	own := slices.DeleteFunc(store.Entries(), func(e Entry) bool { return !e.Own })
	for _, e := range own {
		if _, _, err := store.Installed(e); err != nil {
			t.Error(err)
		}
	}
	if len(own) != 8 {
		t.Errorf("%d models", len(own))
	}
}
