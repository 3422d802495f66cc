package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/synthetic"
	"github.com/visagedb/visage/internal/vectors"
)

// wideFile writes templates of 4,096 dimensions, four to an identity.
func wideFile(t *testing.T, rows int) (file string, template func(person, photograph int) []float32) {
	t.Helper()
	made, err := synthetic.New(synthetic.Config{Dim: 4096, EffectiveDim: 190, GenuineMean: 0.62, GenuineSD: 0.12, NonNegative: true, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "faces.parquet")
	w, err := vectors.Create(file, 4096)
	if err != nil {
		t.Fatal(err)
	}
	for n := range rows {
		if err := w.Write(face.Record{Identity: fmt.Sprint("person-", n/4), Image: fmt.Sprint(n), Vector: made.Template(n/4, n%4)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Finish(); err != nil {
		t.Fatal(err)
	}
	return file, made.Template
}

// Templates of 4,096 dimensions, as VGG-Face has them, are imported, indexed and found
// through the index.
func TestWideTemplates(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	file, template := wideFile(t, 1200)
	r := answer[importReport](v, "import", "vectors", file, "--new-space", "--recognizer", "Wide", "--weights", strings.Repeat("ab", 32), "--dim", "4096", "--unit")
	if r.Added != 1200 || !r.Indexed || r.Size.Index < 800*1200 {
		t.Fatalf("imported %+v", r)
	}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: v.url()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	space, err := db.Space(t.Context(), r.Space)
	if err != nil {
		t.Fatal(err)
	}
	// This way takes the index, however small the gallery is.
	found := func() ([]face.Candidate, error) {
		return db.NearestAt(t.Context(), face.Query{Gallery: "default", Space: space, Probe: template(123, 4), Metric: face.Cosine, Limit: 3}, 100)
	}
	if got, err := found(); err != nil || len(got) != 3 || got[0].Identity != "person-123" {
		t.Errorf("found %+v (%v)", got, err)
	}
	recall := answer[recallReport](v, "index", "recall", "--space", r.Space, "--probes", "30")
	if last := recall.Points[len(recall.Points)-1]; last.Estimate() < 0.99 || recall.Rows != 1200 {
		t.Errorf("recall %+v", recall)
	}
	if plans := answer[struct{ Plans []postgres.IndexPlan }](v, "index", "plan").Plans; len(plans) != 1 || plans[0].Type != "bit" {
		t.Errorf("planned %+v", plans)
	}
	v.do("index", "drop", "--space", r.Space)
	if _, err := found(); face.CodeOf(err) != face.NotFound {
		t.Errorf("without an index: %v", err)
	}
	if built := answer[postgres.IndexBuild](v, "index", "build", "--space", r.Space); !built.Built || !built.Valid {
		t.Errorf("built %+v", built)
	}
	if got, err := found(); err != nil || got[0].Identity != "person-123" {
		t.Errorf("found %+v (%v)", got, err)
	}
}

// A space of many dimensions begins without an index, and says when it can have one.
func TestFewWideTemplates(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	file, _ := wideFile(t, 8)
	r := answer[importReport](v, "import", "vectors", file, "--new-space", "--recognizer", "Wide", "--weights", strings.Repeat("ab", 32), "--dim", "4096", "--unit")
	if r.Added != 8 || r.Indexed {
		t.Errorf("imported %+v", r)
	}
	if out := v.do("index", "list"); !strings.Contains(out, "1000 rows or more") || !strings.Contains(out, "searched exactly") {
		t.Errorf("list prints\n%s", out)
	}
	if out := v.do("doctor"); strings.Contains(out, "has no index") {
		t.Errorf("the doctor says\n%s", out)
	}
	if _, said, code := v.try("index", "build", "--space", r.Space); code != exitFailed || !strings.Contains(said, "at least 1000") {
		t.Errorf("build exits %d: %s", code, said)
	}
}
