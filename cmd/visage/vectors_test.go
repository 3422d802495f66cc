package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/internal/vectors"
)

// newTestSpace describes the space of the tests' templates.
var newTestSpace = []string{
	"--new-space", "--recognizer", "Test", "--weights", strings.Repeat("ab", 32), "--dim", "8", "--unit",
}

const testSpace = "Test-native-abababab"

// vectorFile writes templates, four to an identity.
func vectorFile(t *testing.T, path string, rows int) string {
	t.Helper()
	w, err := vectors.Create(path, 8)
	if err != nil {
		t.Fatal(err)
	}
	source := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		v := make([]float32, 8)
		v[0], v[1+source.IntN(7)] = 0.8, 0.6
		if err := w.Write(face.Record{Identity: fmt.Sprintf("person-%d", i/4), Image: fmt.Sprintf("%d.jpg", i), Vector: v}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is imported and exported and imported elsewhere is the same.
func TestImportExport(t *testing.T) {
	t.Parallel()
	dir, v := t.TempDir(), newVisage(t)
	file := vectorFile(t, filepath.Join(dir, "faces.parquet"), 200)
	first := answer[importReport](v, with([]string{"import", "vectors", file}, newTestSpace...)...)
	if first.Rows != 200 || first.Added != 200 || first.Present != 0 || !first.Indexed || first.Space != testSpace || first.Size.Templates != 200 {
		t.Fatalf("imported %+v", first)
	}
	again := answer[importReport](v, "import", "vectors", file, "--space", testSpace)
	if again.Added != 0 || again.Present != 200 || again.Indexed {
		t.Errorf("imported again %+v", again)
	}
	for _, ending := range []string{".csv", ".jsonl", ".parquet", ".npy"} {
		out := filepath.Join(dir, "out"+ending)
		if said := v.do("export", "--space", testSpace, "--out", out); !strings.HasPrefix(said, "200 templates") {
			t.Errorf("export says %q", said)
		}
		args := []string{"import", "vectors", out, "--space", testSpace, "--gallery", "from" + ending}
		if ending == ".npy" {
			args = append(args, "--ids", vectors.IDsPath(out))
		}
		if r := answer[importReport](v, args...); r.Added != 200 || r.Present != 0 {
			t.Errorf("%s: imported %+v", ending, r)
		}
		if said := v.do("identity", "list", "--gallery", "from"+ending); strings.Count(said, "person-") != 50 {
			t.Errorf("%s: identities\n%s", ending, said)
		}
	}
}

// A bad row ends an import, which says how far it came and goes on when the row
// is mended or left out.
func TestImportBadRow(t *testing.T) {
	t.Parallel()
	v, file := newVisage(t), filepath.Join(t.TempDir(), "faces.jsonl")
	good, err := json.Marshal(map[string]any{"image": "a", "embedding": []float32{1, 0, 0, 0, 0, 0, 0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	text := string(good) + "\n" + `{"embedding":[2,0,0,0,0,0,0,0]}` + "\n" + strings.Replace(string(good), `"a"`, `"b"`, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := with([]string{"import", "vectors", file}, newTestSpace...)
	out, errOut, code := v.try(args...)
	if code != exitFailed || !strings.Contains(errOut, "faces.jsonl, row 2: the embedding has length 2") ||
		!strings.Contains(errOut, "1 rows are in the gallery") || !strings.Contains(out, "1 rows: 1 added") {
		t.Errorf("exit %d\n%s\n%s", code, out, errOut)
	}
	out, errOut, code = v.try(append(args, "--skip-bad")...)
	if code != exitDone || !strings.Contains(errOut, "row 2: ") || !strings.Contains(out, "2 rows: 1 added, 1 present already, 1 left out") || !strings.Contains(out, "index built") {
		t.Errorf("exit %d\n%s\n%s", code, out, errOut)
	}
	if r := answer[importReport](v, append(args, "--normalize")...); r.Added != 1 || r.Present != 2 {
		t.Errorf("normalised %+v", r)
	}
}

func TestImportMisuse(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	for _, args := range [][]string{
		{"import"}, {"import", "vectors"}, {"import", "vectors", "x.npy"}, {"import", "vectors", "x.npy", "--space", "A", "--new-space"},
		{"import", "vectors", "x.npy", "--new-space", "--dim", "8"}, {"import", "vectors", "x.npy", "--space", "A", "--gallery", ""},
		{"import", "vectors", "x.npy", "--space", "A", "--profile", "other"},
		{"export"}, {"export", "--space", "A"}, {"bench", "import", "--rows", "0"},
	} {
		if out, errOut, code := v.try(args...); code != exitMisused {
			t.Errorf("%q exits %d: %s%s", args, code, out, errOut)
		}
	}
	for _, args := range [][]string{
		{"import", "vectors", "x.npy", "--space", "A"}, {"export", "--space", "A", "--out", "x.npy"},
		with([]string{"import", "vectors", "none.npy"}, newTestSpace...),
	} {
		if out, errOut, code := v.try(args...); code != exitFailed {
			t.Errorf("%q exits %d: %s%s", args, code, out, errOut)
		}
	}
}

// Killed at random moments and started anew, an import ends with the rows and the
// index of a clean run.
func TestKilledImportEndsLikeACleanRun(t *testing.T) {
	t.Parallel()
	file := vectorFile(t, filepath.Join(t.TempDir(), "faces.npy"), 2*batchRows+1000)
	clean, killed := pgtest.URL(t), pgtest.URL(t)
	arguments := func(url string) []string {
		return with(with([]string{"import", "vectors", file}, newTestSpace...), "--ids", vectors.IDsPath(file), "--database-url", url, "--home", t.TempDir(), "--log-level", "error")
	}
	begun := time.Now()
	if err := process(t, arguments(clean)...).Wait(); err != nil {
		t.Fatal(err)
	}
	whole, midway := time.Since(begun), 0
	for range 6 {
		cmd := process(t, arguments(killed)...)
		time.Sleep(rand.N(whole))
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // the state says how it ended
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			midway++
		}
	}
	if err := process(t, arguments(killed)...).Wait(); err != nil {
		t.Fatal(err)
	}
	if midway == 0 {
		t.Error("no run was killed in the middle")
	}
	if want, got := dump(t, clean), dump(t, killed); !slices.Equal(got, want) {
		t.Errorf("%d rows after kills, %d of a clean run, or other ones", len(got), len(want))
	}
}

// An import that was cut short leaves its space without an index. The doctor
// says so and what to do, and that helps.
func TestDoctorOfAnImportCutShort(t *testing.T) {
	t.Parallel()
	v, file := newVisage(t), filepath.Join(t.TempDir(), "faces.jsonl")
	row := `{"image":"a","embedding":[1,0,0,0,0,0,0,0]}` + "\n"
	if err := os.WriteFile(file, []byte(row+`{"image":"b"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	args := with([]string{"import", "vectors", file}, newTestSpace...)
	if _, _, code := v.try(args...); code != exitFailed {
		t.Fatalf("the import exits %d", code)
	}
	spaces := func() string {
		_, of, _ := strings.Cut(v.do("doctor"), testSpace+", 8 dimensions")
		line, _, _ := strings.Cut(of, "\n")
		return line
	}
	if said := spaces(); !strings.Contains(said, "has no index") || !strings.Contains(said, "visage import vectors") {
		t.Errorf("of the space the doctor says %q", said)
	}
	if err := os.WriteFile(file, []byte(row), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := answer[importReport](v, "import", "vectors", file, "--space", testSpace); !r.Indexed || r.Present != 1 {
		t.Errorf("imported again: %+v", r)
	}
	if said := spaces(); said != "" {
		t.Errorf("afterwards the doctor says %q", said)
	}
}

func TestBenchImport(t *testing.T) {
	t.Parallel()
	out := newVisage(t).do("bench", "import", "--rows", "200", "--dim", "8", "--rounds", "1")
	if !strings.Contains(out, "ingest.import") || !strings.Contains(out, "200 templates of 8 dimensions") {
		t.Errorf("bench import prints\n%s", out)
	}
}
