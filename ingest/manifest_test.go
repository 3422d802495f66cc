package ingest_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// withManifest is a configuration whose manifest has the given text.
func withManifest(t *testing.T, root, text string) ingest.Config {
	t.Helper()
	cfg := config(root)
	cfg.Manifest = filepath.Join(t.TempDir(), "faces.csv")
	write(t, cfg.Manifest, text)
	return cfg
}

func TestManifest(t *testing.T) {
	t.Parallel()
	root, l := folder(t, map[string]string{
		"a/1.jpg": "face 2 one", "2.jpg": "face 2 two", "a/3.jpg": "face 2 three", "a/unnamed.jpg": "face 1 four",
		"a/\xff.jpg": "face 1 five", "pipe/x": "face 1 six",
	}), newLedger()
	run(t, config(filepath.Join(root, "a")), &embedder{}, l)
	cfg := withManifest(t, root, "\xef\xbb\xbfidentity,note,path,metadata\n"+
		"Ann,,2.jpg,\"{\"\"age\"\": 30}\"\n"+",,./pipe/../pipe/x,\n"+"Eve\xfe,,"+root+"/a/\xff.jpg,\n"+"Ann,,gone.jpg,\n"+"Ann,,pipe,\n")
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 5, Ingested: 2, Unchanged: 1, Faces: 2,
		Rejected: map[face.Code]int{face.Vanished: 1, face.Unreadable: 1}})
	rows := l.contents(root)
	if got := rows["2.jpg"]; got.Image.Identity != "Ann" || len(got.Templates) != 1 || got.Image.Metadata != `{"age": 30}` {
		t.Errorf("2.jpg: %+v", got)
	}
	if got := rows["pipe/x"]; got.Image.Identity != "" || len(got.Templates) != 1 {
		t.Errorf("pipe/x: %+v", got)
	}
	if len(rows) != 6 {
		t.Errorf("%d rows, want those of files that are not named to stay: %v", len(rows), rows)
	}
	cfg.Exclude = []string{"pipe/**", "gone.jpg"}
	expect(t, run(t, cfg, &embedder{}, l), counts{Files: 2, Unchanged: 2, Excluded: 3})
}

func TestManifestMistakes(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"a/1.jpg": "face 1 a"})
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "line 1, column 1"},
		"no identity":   {"path,who\n", `no column "identity"`},
		"short row":     {"path,identity\na/1.jpg,ann\na/2.jpg\n", "line 3"},
		"quote":         {"path,identity\na/1.jpg,an\"n\n", "line 2, column 11"},
		"outside":       {"identity,path\nann,../x\n", "line 2, column 5"},
		"absolute":      {"path,identity\n/etc/passwd,x\n", "line 2, column 1"},
		"no path":       {"path,identity\n,x\n", "line 2, column 1"},
		"zero byte":     {"path,identity\na\x00b,x\n", "line 2, column 1"},
		"twice":         {"path,identity\na/1.jpg,x\n./a/1.jpg,y\n", "line 3, column 1: a/1.jpg is named on line 2"},
		"metadata":      {"path,identity,metadata\na/1.jpg,x,[1]\n", "line 2, column 11"},
		"metadata zero": {"path,identity,metadata\na/1.jpg,x,\"{\"\"a\"\":\"\"\\u0000\"\"}\"\n", "line 2, column 11"},
		"identity":      {"path,identity\na/1.jpg," + strings.Repeat("x", 1025) + "\n", "line 2, column 9"},
	} {
		l := newLedger()
		_, err := ingest.Run(t.Context(), withManifest(t, root, c.text), &embedder{}, l)
		if face.CodeOf(err) != face.Invalid || !contains(err, c.want) || !contains(err, "faces.csv") {
			t.Errorf("%s: error %v, want Invalid with %q", name, err, c.want)
		}
		if len(l.rows) != 0 {
			t.Errorf("%s: something was enrolled", name)
		}
	}
	cfg := withManifest(t, root, "path,identity\n")
	cfg.Prune = true
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, newLedger()); face.CodeOf(err) != face.Invalid {
		t.Errorf("with Prune: %v", err)
	}
	cfg.Prune, cfg.Manifest = false, filepath.Join(root, "nowhere")
	if _, err := ingest.Run(t.Context(), cfg, &embedder{}, newLedger()); face.CodeOf(err) != face.NotFound {
		t.Errorf("without a manifest: %v", err)
	}
}

// TestManifestOnATrueLedger stores bytes that are not UTF-8, and metadata, which
// a later run without any does not take away.
func TestManifestOnATrueLedger(t *testing.T) {
	t.Parallel()
	db, root := pgtest.New(t), folder(t, map[string]string{"\xff/\xfe.jpg": "face 1 a", "b.jpg": "face 1 a"})
	cfg := withManifest(t, root, "path,identity,metadata\n\xff/\xfe.jpg,An\xffn,\"{\"\"k\"\": [1, \"\"\u00e9\"\"]}\"\nb.jpg,Bob,\n")
	report := run(t, cfg, &embedder{}, db)
	expect(t, report, counts{Files: 2, Ingested: 1, Copied: 1, Faces: 2})
	expect(t, run(t, cfg, &embedder{}, db), counts{Files: 2, Unchanged: 2})
	who, err := db.Identity(t.Context(), face.DefaultGallery, `An\xffn`)
	must(t, err)
	if who.Faces != 1 {
		t.Errorf("identity %+v", who)
	}
}
