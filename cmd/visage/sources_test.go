package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
)

// Patterns, a manifest, an archive, a move and a copy through the program.
func TestIngestSources(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), t.TempDir()
	people := filepath.Join(dir, "people")
	must(t, os.CopyFS(people, os.DirFS(filepath.Join(sampleDir(t), "people"))))
	r := answer[ingest.Report](v, with(builtIn, "ingest", people, "--include", "**/0.jpg", "--exclude", "sample-03/**")...)
	if r.Ingested != 2 || r.Excluded != 3 {
		t.Errorf("with patterns: %+v", r)
	}
	list := filepath.Join(dir, "faces.csv")
	must(t, os.WriteFile(list, []byte("path,identity,metadata\nsample-03/0.jpg,Third,\"{\"\"n\"\": 3}\"\n"), 0o600))
	if r = answer[ingest.Report](v, with(builtIn, "ingest", people, "--manifest", list)...); r.Files != 1 || r.Ingested != 1 {
		t.Errorf("with a manifest: %+v", r)
	}
	must(t, os.Rename(filepath.Join(people, "sample-01"), filepath.Join(people, "renamed")))
	plan := v.do(with(builtIn, "ingest", people, "--plan")...)
	if !strings.Contains(plan, "move") || !strings.Contains(plan, "renamed/0.jpg, as ") || !strings.Contains(plan, "1 to move") {
		t.Errorf("the plan prints %s", plan)
	}
	if r = answer[ingest.Report](v, with(builtIn, "ingest", people)...); r.Moved != 1 || r.Unchanged != 2 || r.Ingested != 3 {
		t.Errorf("after the move: %+v", r)
	}

	packed := filepath.Join(dir, "people.zip")
	f, err := os.Create(packed)
	must(t, err)
	w := zip.NewWriter(f)
	must(t, w.AddFS(os.DirFS(people)))
	must(t, w.Close())
	must(t, f.Close())
	if r = answer[ingest.Report](v, with(builtIn, "ingest", packed)...); r.Copied != 6 || r.Ingested != 0 || r.Faces != 6 {
		t.Errorf("the archive: %+v", r)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
