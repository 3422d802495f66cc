package ingest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// people is a small folder with something of everything.
func people() map[string]string {
	files := map[string]string{"group.jpg": "face 3 group", "bob/deep/er/1.jpg": "face 1 deep", "bob/blank.jpg": "code no_face b"}
	for i := range 10 {
		files[fmt.Sprintf("ann/%02d.jpg", i)] = fmt.Sprintf("face 2 ann %d", i)
	}
	return files
}

func TestRunEnrolsIdentityFolders(t *testing.T) {
	t.Parallel()
	root, l := folder(t, people()), newLedger()
	report := run(t, config(root), &embedder{}, l)
	expect(t, report, counts{Files: 13, Ingested: 12, Faces: 14, Rejected: map[face.Code]int{face.NoFace: 1}})
	rows := l.contents(root)
	for _, want := range []struct {
		path, identity string
		faces          int
		rejected       face.Code
	}{
		{"group.jpg", "", 3, ""},
		{"ann/03.jpg", "ann", 1, ""},
		{"bob/deep/er/1.jpg", "bob", 1, ""},
		{"bob/blank.jpg", "bob", 0, face.NoFace},
	} {
		row := rows[want.path]
		if row.Image.Identity != want.identity || len(row.Templates) != want.faces || row.Rejected != want.rejected {
			t.Errorf("%s: %+v, want %+v", want.path, row, want)
		}
		if row.Rejected == "" && row.Image.Width != 640 || row.Image.Size != int64(len(people()[want.path])) {
			t.Errorf("%s: image %+v lacks its dimensions", want.path, row.Image)
		}
	}
}

func TestSecondRunDoesNothing(t *testing.T) {
	t.Parallel()
	files := people()
	files["ann/notes.txt"], files["ann/empty.jpg"] = "hello", ""
	root, l := folder(t, files), newLedger()
	run(t, config(root), &embedder{}, l)
	l.fault = func(method string, _ []face.Enrolment) error {
		if !reads(method) {
			return face.Errorf(face.Internal, "the second run called %s", method)
		}
		return nil
	}
	var again embedder
	report := run(t, config(root), &again, l)
	expect(t, report, counts{Files: 15, Unchanged: 15})
	if n := again.calls.Load(); n != 0 {
		t.Errorf("the second run embedded %d photographs", n)
	}
}

func TestRejectedIsTriedAgainWithAnotherDetector(t *testing.T) {
	t.Parallel()
	root, l := folder(t, people()), newLedger()
	run(t, config(root), &embedder{}, l)
	cfg := config(root)
	cfg.Detector = "other"
	var again embedder
	report := run(t, cfg, &again, l)
	expect(t, report, counts{Files: 13, Unchanged: 12, Rejected: map[face.Code]int{face.NoFace: 1}})
	if n := again.calls.Load(); n != 1 {
		t.Errorf("embedded %d photographs, want the rejected one", n)
	}
	expect(t, run(t, cfg, &again, l), counts{Files: 13, Unchanged: 13})
}

func TestTouchedIsReadButNotEmbedded(t *testing.T) {
	t.Parallel()
	root, l := folder(t, people()), newLedger()
	run(t, config(root), &embedder{}, l)
	for i := range 6 {
		must(t, os.Chtimes(filepath.Join(root, fmt.Sprintf("ann/%02d.jpg", i)), time.Time{}, time.Unix(1e9, 123456789)))
	}
	var again embedder
	expect(t, run(t, config(root), &again, l), counts{Files: 13, Unchanged: 13})
	l.fault = func(method string, _ []face.Enrolment) error {
		if method == "Touch" {
			return face.Errorf(face.Internal, "touched twice")
		}
		return nil
	}
	expect(t, run(t, config(root), &again, l), counts{Files: 13, Unchanged: 13})
	if n := again.calls.Load(); n != 0 {
		t.Errorf("embedded %d touched photographs", n)
	}
}

func TestReplacedContent(t *testing.T) {
	t.Parallel()
	files := people()
	root, l := folder(t, files), newLedger()
	run(t, config(root), &embedder{}, l)
	files["ann/00.jpg"], files["ann/01.jpg"], files["bob/blank.jpg"] = "face 1 someone else", "code decode_failed x", "face 1 at last"
	for _, name := range []string{"ann/00.jpg", "ann/01.jpg", "bob/blank.jpg"} {
		write(t, filepath.Join(root, name), files[name])
	}
	report := run(t, config(root), &embedder{}, l)
	expect(t, report, counts{Files: 13, Unchanged: 10, Replaced: 2, Faces: 2, Rejected: map[face.Code]int{face.Undecodable: 1}})
	equalsCleanRun(t, root, l)
}

// equalsCleanRun compares a ledger with that of one undisturbed run.
func equalsCleanRun(t *testing.T, root string, l *ledger) {
	t.Helper()
	clean := newLedger()
	run(t, config(root), &embedder{}, clean)
	if got, want := l.contents(root), clean.contents(root); !reflect.DeepEqual(got, want) {
		t.Errorf("rows differ from a clean run's:\n got %+v\nwant %+v", got, want)
	}
}

func TestMovedToAnotherIdentity(t *testing.T) {
	t.Parallel()
	root, l := folder(t, people()), newLedger()
	run(t, config(root), &embedder{}, l)
	must(t, os.Rename(filepath.Join(root, "ann"), filepath.Join(root, "eve")))
	report := run(t, config(root), &embedder{}, l)
	expect(t, report, counts{Files: 13, Moved: 10, Unchanged: 3})
	equalsCleanRun(t, root, l)
}

func TestPruneStaysBelowTheRoot(t *testing.T) {
	t.Parallel()
	root, l := folder(t, people()), newLedger()
	run(t, config(root), &embedder{}, l)
	cfg := config(filepath.Join(root, "bob"))
	cfg.Prune = true
	must(t, os.Remove(filepath.Join(root, "bob/blank.jpg")))
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 1, Unchanged: 1, Vanished: 1, Removed: 1})
	if n := len(l.contents(root)); n != 12 {
		t.Errorf("%d rows, want 12", n)
	}
}

func TestIncludeAndExclude(t *testing.T) {
	t.Parallel()
	files := people()
	files["ann/thumbs/1.jpg"], files["ann/notes.txt"] = "face 1 small", "hello"
	root, l := folder(t, files), newLedger()
	must(t, os.Symlink("nowhere", filepath.Join(root, "bob/broken.txt")))
	must(t, os.Symlink("ann/thumbs", filepath.Join(root, "thumbs")))
	cfg := config(root)
	cfg.Include, cfg.Exclude, cfg.Prune = []string{"**/*.jpg"}, []string{"**/thumbs", "bob/blank.*"}, true
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 12, Ingested: 12, Excluded: 5, Faces: 14})
	for _, name := range []string{"group.jpg", "ann/00.jpg"} {
		must(t, os.Remove(filepath.Join(root, name)))
	}
	cfg.Include = []string{"*/**/*"}
	cfg.Exclude = append(cfg.Exclude, "ann/0[1-5].jpg")
	report := run(t, cfg, &embedder{}, l)
	if report.Vanished != 1 || report.Removed != 1 || report.Unchanged != 5 {
		t.Errorf("report %+v, want only ann/00.jpg to have vanished", report)
	}
	if _, stays := l.contents(root)["group.jpg"]; !stays {
		t.Error("a photograph was pruned that the patterns leave out")
	}
	cfg.Exclude = []string{"["}
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, l); face.CodeOf(err) != face.Invalid {
		t.Errorf("a broken pattern gave %v", err)
	}
}

func TestPlanChangesNothing(t *testing.T) {
	t.Parallel()
	root, l := folder(t, people()), newLedger()
	run(t, config(root), &embedder{}, l)
	before := l.contents(root)
	write(t, filepath.Join(root, "ann/00.jpg"), "face 1 someone else")
	write(t, filepath.Join(root, "new/1.jpg"), "face 1 new")
	must(t, os.Chtimes(filepath.Join(root, "ann/01.jpg"), time.Time{}, time.Unix(1e9, 0)))
	must(t, os.Remove(filepath.Join(root, "group.jpg")))
	l.fault = func(method string, _ []face.Enrolment) error {
		if !reads(method) {
			return face.Errorf(face.Internal, "the plan called %s", method)
		}
		return nil
	}
	var e embedder
	cfg := config(root)
	cfg.Mode = ingest.Plan
	expect(t, run(t, cfg, &e, l), counts{Files: 13, Ingested: 1, Replaced: 1, Unchanged: 11, Vanished: 1})
	cfg.Prune = true
	report := run(t, cfg, &e, l)
	expect(t, report, counts{Files: 13, Ingested: 1, Replaced: 1, Unchanged: 11, Vanished: 1, Removed: 1})
	want := []ingest.Change{
		{Path: filepath.Join(root, "ann/00.jpg"), Kind: ingest.Replace},
		{Path: filepath.Join(root, "group.jpg"), Kind: ingest.Remove},
		{Path: filepath.Join(root, "new/1.jpg"), Kind: ingest.Add},
	}
	if !slices.Equal(report.Changes, want) {
		t.Errorf("changes %+v, want %+v", report.Changes, want)
	}
	if e.calls.Load() != 0 || !reflect.DeepEqual(l.contents(root), before) {
		t.Error("the plan embedded or stored something")
	}
}

func TestProgressEndsAtTheTotal(t *testing.T) {
	t.Parallel()
	root := folder(t, people())
	var last ingest.Progress
	calls := 0
	cfg := config(root)
	cfg.Workers = 1
	cfg.Progress = func(p ingest.Progress) {
		if p.Done != calls+1 || p.Found < p.Done {
			t.Errorf("progress %+v after %d calls", p, calls)
		}
		calls, last = calls+1, p
	}
	run(t, cfg, &embedder{}, newLedger())
	if last.Found != 13 || last.Done != 13 || last.Faces != 14 || last.Failed != 1 {
		t.Errorf("last progress %+v", last)
	}
}

func TestReportJSON(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"ann/1.jpg": "face 1 a"})
	text, err := json.Marshal(run(t, config(root), &embedder{}, newLedger()))
	must(t, err)
	var got map[string]any
	must(t, json.Unmarshal(text, &got))
	for _, key := range []string{"files", "ingested", "unchanged", "replaced", "removed", "rejected", "faces",
		"seconds", "faces_per_second", "vanished", "hidden", "gallery", "space", "root", "mode"} {
		if _, there := got[key]; !there {
			t.Errorf("the report lacks %q: %s", key, text)
		}
	}
	if rejected, is := got["rejected"].(map[string]any); !is || len(rejected) != 0 {
		t.Errorf("rejected = %v, want an empty object", got["rejected"])
	}
}

func TestConfigNamesTheField(t *testing.T) {
	t.Parallel()
	for field, spoil := range map[string]func(*ingest.Config){
		"Root":      func(c *ingest.Config) { c.Root = "" },
		"Space":     func(c *ingest.Config) { c.Space = face.Space{} },
		"Detector":  func(c *ingest.Config) { c.Detector = "" },
		"Mode":      func(c *ingest.Config) { c.Mode = "guess" },
		"Workers":   func(c *ingest.Config) { c.Workers = -1 },
		"BatchSize": func(c *ingest.Config) { c.BatchSize = -1 },
		"MaxBytes":  func(c *ingest.Config) { c.MaxBytes = -1 },
		"RetryFor":  func(c *ingest.Config) { c.RetryFor = -1 },
	} {
		cfg := config(t.TempDir())
		spoil(&cfg)
		_, err := ingest.Run(t.Context(), cfg, &embedder{}, newLedger())
		if face.CodeOf(err) != face.Invalid || !contains(err, field) {
			t.Errorf("%s: error %v", field, err)
		}
	}
}

func TestRootThatCannotBeListed(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"file": "x"})
	for path, want := range map[string]face.Code{"gone": face.NotFound, "file": face.Invalid} {
		_, err := ingest.Run(t.Context(), config(filepath.Join(root, path)), &embedder{}, newLedger())
		if face.CodeOf(err) != want {
			t.Errorf("%s: error %v, want %s", path, err, want)
		}
	}
}
