package ingest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// strange is a folder of names of any bytes and lengths, and of a path longer than
// the system takes in one piece: photographs by their names below it, and one file
// that is none.
func strange(t *testing.T) (root string, names []string) {
	t.Helper()
	long := strings.Repeat("n", 255)
	names = []string{
		"caf\xe9/\xff\xfe.jpg", "e\u0301/nfd.jpg", "\u00e9/nfc.jpg", "new\nline/\t.jpg", "\U0001F600/\U0001F600.png",
		long + "/" + strings.Repeat("\xfd", 255), `back\slash/"quoted".jpg`, " / .jpg", "-rf/*.jpg",
	}
	files := map[string]string{}
	for i, name := range names {
		files[name] = fmt.Sprintf("face 1 %d", i)
	}
	root = folder(t, files)
	deep := strings.Repeat(long+"/", 20)
	below, err := os.OpenRoot(root)
	must(t, err)
	defer below.Close()
	must(t, below.MkdirAll(deep, 0o755))
	must(t, below.WriteFile(deep+"1.jpg", []byte("face 1 deep"), 0o644))
	must(t, below.WriteFile("caf\xe9/\xff.txt", []byte("x"), 0o644))
	return root, append(names, deep+"1.jpg")
}

// TestStrangeNames keeps names of any bytes as they are, and escapes them where
// they have to be text (reliability test 17).
func TestStrangeNames(t *testing.T) {
	t.Parallel()
	root, names := strange(t)
	l := newLedger()
	report := run(t, config(root), &embedder{}, l)
	expect(t, report, counts{Files: 11, Ingested: 10, Faces: 10, Rejected: map[face.Code]int{face.Unsupported: 1}})
	rows := l.contents(root)
	for _, name := range names {
		if len(rows[name].Templates) != 1 {
			t.Errorf("%q is not in the ledger under its own bytes", name)
		}
	}
	if got := rows["caf\xe9/\xff\xfe.jpg"].Image.Identity; got != `caf\xe9` {
		t.Errorf("identity %q, want its bytes escaped", got)
	}
	if got := report.Rejections[0].Path; got != root+`/caf\xe9/\xff.txt` {
		t.Errorf("rejected path %q, want its bytes escaped", got)
	}
	text, err := json.Marshal(report)
	must(t, err)
	if !json.Valid(text) || strings.ContainsRune(string(text), '\ufffd') {
		t.Errorf("report is not clean JSON: %s", text)
	}
	expect(t, run(t, config(root), &embedder{}, l), counts{Files: 11, Unchanged: 11})
}

// TestStrangeNamesInTheDatabase has a true ledger give them back, byte for byte,
// and identities whose names look alike stay two (reliability test 17).
func TestStrangeNamesInTheDatabase(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	root, names := strange(t)
	run(t, config(root), &embedder{}, db)
	want := []string{filepath.Join(root, "caf\xe9/\xff.txt")}
	for _, name := range names {
		want = append(want, filepath.Join(root, name))
	}
	var got []string
	must(t, db.Below(t.Context(), face.DefaultGallery, space, root, func(path string) { got = append(got, path) }))
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("the database has %q, want %q", got, want)
	}
	entries, err := db.Known(t.Context(), face.DefaultGallery, space, want)
	must(t, err)
	if len(entries) != len(want) {
		t.Errorf("of %d names it knows %d", len(want), len(entries))
	}
	people, err := db.Identities(t.Context(), face.DefaultGallery)
	must(t, err)
	var called []string
	for _, p := range people {
		called = append(called, p.Name)
	}
	for _, name := range []string{"e\u0301", "\u00e9", "new\nline", "\U0001F600", `caf\xe9`, " "} {
		if !slices.Contains(called, name) {
			t.Errorf("nobody is called %q: %q", name, called)
		}
	}
	expect(t, run(t, config(root), &embedder{}, db), counts{Files: 11, Unchanged: 11})
}
