package main

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/search"
)

func with(args []string, more ...string) []string { return slices.Concat(args, more) }

// The whole way with the built-in models: ingest, again, find, verify,
// represent, extract, identities, galleries.
func TestTheWholeWay(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	people := filepath.Join(dir, "people")
	first := answer[ingest.Report](v, with(builtIn, "ingest", people)...)
	if first.Files != 6 || first.Ingested != 6 || first.Faces != 6 {
		t.Fatalf("first run: %+v", first)
	}
	again := answer[ingest.Report](v, with(builtIn, "ingest", people)...)
	if again.Unchanged != 6 || again.Ingested != 0 || again.Faces != 0 {
		t.Errorf("second run: %+v", again)
	}
	for person := range 3 {
		name := sampleName(person)
		found := answer[search.FindResult](v, with(builtIn, "find", filepath.Join(dir, name+".jpg"))...)
		if len(found.Results) != 1 || found.Results[0][0].Identity != name || found.Probes[0].Decision != search.Matched {
			t.Errorf("%s: %+v", name, found)
		}
		if found.Search.Plan.Plan != face.PlanExact || found.Search.Rows != 6 || !found.Search.Complete {
			t.Errorf("%s: searched %+v", name, found.Search)
		}
	}
	if plain := v.do(with(builtIn, "find", filepath.Join(dir, "sample-01.jpg"))...); !strings.Contains(plain, "sample-01") || !strings.Contains(plain, "rank") {
		t.Errorf("find prints %s", plain)
	}
	identities := answer[struct{ Identities []face.Identity }](v, "identity", "list").Identities
	if len(identities) != 3 || identities[0].Images != 2 || identities[0].Faces != 2 {
		t.Errorf("identities %+v", identities)
	}
}

// find and verify give the same distance for the same two faces.
func TestFindAndVerifyAgree(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	probe, enrolled := filepath.Join(dir, "sample-02.jpg"), filepath.Join(dir, "people", "sample-02", "0.jpg")
	v.do(with(builtIn, "ingest", filepath.Join(dir, "people"))...)
	for _, metric := range []string{"cosine", "euclidean", "euclidean_l2", "angular"} {
		verified := answer[search.Verification](v, with(builtIn, "verify", probe, enrolled, "--metric", metric)...)
		found := answer[search.FindResult](v, with(builtIn, "find", probe, "--metric", metric)...)
		at := slices.IndexFunc(found.Results[0], func(m search.Match) bool { return m.Image == enrolled })
		if at < 0 {
			t.Errorf("%s: %s is not among the candidates", metric, enrolled)
			continue
		}
		if d := found.Results[0][at].Distance - verified.Distance; d > 1e-6 || d < -1e-6 {
			t.Errorf("%s: find says %g and verify %g", metric, found.Results[0][at].Distance, verified.Distance)
		}
		if !verified.Verified || verified.Model != "LBPH" || verified.Detector != "opencv" || string(verified.Metric) != metric {
			t.Errorf("%s: %+v", metric, verified)
		}
	}
}

func TestRepresentAndExtract(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	photo, out := filepath.Join(dir, "sample-01.jpg"), filepath.Join(t.TempDir(), "crops")
	represented := answer[struct{ Results []search.Representation }](v, with(builtIn, "represent", photo)...).Results
	if len(represented) != 1 || len(represented[0].Embedding) != 2891 || represented[0].FacialArea.W < 100 {
		t.Errorf("represent gives %d faces", len(represented))
	}
	extracted := answer[struct{ Results []extracted }](v, "extract", photo, "--detector", "opencv", "--out", out).Results
	if len(extracted) != 1 {
		t.Fatalf("extract gives %+v", extracted)
	}
	data, err := os.ReadFile(extracted[0].File)
	if err != nil {
		t.Fatal(err)
	}
	if crop, err := png.Decode(bytes.NewReader(data)); err != nil || crop.Bounds().Dx() != 112 || crop.Bounds().Dy() != 112 {
		t.Errorf("crop %v, %v", crop, err)
	}
}

func TestIdentitiesAndGalleries(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	v.do(with(builtIn, "ingest", filepath.Join(dir, "people"), "--gallery", "staff")...)
	v.do("identity", "rename", "sample-01", "renamed", "--gallery", "staff")
	if said := v.do("identity", "merge", "sample-02", "renamed", "--gallery", "staff"); !strings.Contains(said, "/v1/merges/") {
		t.Errorf("merge says %q", said)
	}
	merged := answer[face.Identity](v, "identity", "show", "renamed", "--gallery", "staff")
	if merged.Images != 4 {
		t.Errorf("merged: %+v", merged)
	}
	v.do("identity", "delete", "renamed", "--gallery", "staff")
	left := answer[struct{ Galleries []face.Gallery }](v, "gallery", "list").Galleries
	if len(left) != 1 || left[0].Name != "staff" || left[0].Identities != 1 || left[0].Images != 2 || left[0].Faces != 2 {
		t.Errorf("after deletion: %+v", left)
	}
	v.do("gallery", "delete", "staff")
	if _, text, code := v.try("identity", "list", "--gallery", "staff"); code != exitFailed || !strings.Contains(text, "staff") {
		t.Errorf("a gallery that is gone: exit %d, %s", code, text)
	}
}

func TestEvaluation(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	list := "file_a,file_b,same\nsample-01/0.jpg,sample-01/1.jpg,1\nsample-02/0.jpg,sample-02/1.jpg,1\nsample-01/0.jpg,sample-02/1.jpg,0\nsample-02/0.jpg,sample-01/1.jpg,0\n"
	pairs := filepath.Join(t.TempDir(), "pairs.csv")
	if err := os.WriteFile(pairs, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	got := answer[map[string]any](v, with(builtIn, "eval", "verify", "--pairs", pairs, "--root", filepath.Join(dir, "people"))...)
	if got["pairs"] != 4.0 || got["failed"] != 0.0 || got["auc"] != 1.0 {
		t.Errorf("eval verify: %v", got)
	}
	for _, key := range []string{"accuracy", "threshold", "eer", "tar_at_fmr"} {
		if _, ok := got[key]; !ok {
			t.Errorf("eval verify lacks %s", key)
		}
	}
	who := answer[map[string]any](v, with(builtIn, "eval", "identify", "--gallery-dir", filepath.Join(dir, "people"), "--probe-dir", filepath.Join(dir, "people"))...)
	if who["rank1"] != 1.0 || who["probes"] != 6.0 {
		t.Errorf("eval identify: %v", who)
	}
}

// A command line that is wrong exits 2, a command that fails 1, and both say why.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	v := newVisage(t)
	photo := filepath.Join(dir, "sample-01.jpg")
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"fnd"}, exitMisused, "fnd"},
		{[]string{"find"}, exitMisused, "at least 1 arg"},
		{[]string{"find", photo, "-k", "10001"}, exitMisused, "at most 10000"},
		{[]string{"find", photo, "--where", "{source:badge}"}, exitMisused, "--where"},
		{[]string{"find", photo, "--where", `["badge"]`}, exitMisused, `{"source":"badge"}`},
		{[]string{"find", photo, "--by", "person"}, exitMisused, "identity"},
		{[]string{"find", photo, "--top", "3"}, exitMisused, "--by identity"},
		{[]string{"find", photo, "--by", "identity", "--top", "0"}, exitMisused, "--top"},
		{[]string{"find", photo, "--gallery", ""}, exitMisused, "--gallery"},
		{[]string{"version", "--log-format", "xml"}, exitMisused, "use text or json"},
		{[]string{"db"}, exitMisused, "name what to do"},
		{[]string{"find", photo, "--colour"}, exitMisused, "--colour"},
		{[]string{"verify", photo}, exitMisused, "See visage verify --help"},
		{[]string{"find", photo, "-k", "0"}, exitMisused, "at least 1"},
		{[]string{"demo", "--faces", dir}, exitMisused, "go together"},
		{[]string{"models", "import", photo}, exitMisused, "--as"},
		{[]string{"eval", "verify"}, exitMisused, "--pairs"},
		{with(builtIn, "find", photo, "--metric", "manhattan"), exitMisused, "euclidean_l2"},
		{with(builtIn, "ingest", dir, "--retry", "0s"), exitMisused, "--retry"},
		{with(builtIn, "find", "/nonexistent.jpg"), exitFailed, "/nonexistent.jpg"},
		{with(builtIn, "find", dir), exitFailed, "not a file"},
		{with(builtIn, "find", photo, "--gallery", "nobody"), exitFailed, "nothing was ever enrolled"},
		{with(builtIn, "ingest", "/nonexistent"), exitFailed, "/nonexistent"},
		{[]string{"find", photo, "--model", "nobody"}, exitFailed, "MobileFaceNet"},
		{[]string{"db", "status"}, exitMisused, "VISAGE_DATABASE_URL"},
		{[]string{"models", "show", "nobody"}, exitFailed, "nobody"},
		{[]string{"models", "pull", "LBPH"}, exitFailed, "built in"},
		{[]string{"migrate", "up", "--citus"}, exitFailed, "has no Citus"},
		{[]string{"gallery", "list", "--replica-lag", "soon"}, exitMisused, "30s"},
	} {
		if out, text, code := v.try(c.args...); code != c.code || !strings.Contains(text, c.text) {
			t.Errorf("visage %q exits %d with %q%q, want %d with %q", c.args, code, out, text, c.code, c.text)
		}
	}
}

// A database that is not reached is named, without its password.
func TestDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	v := visage{t, []string{"--home", t.TempDir(), "--database-url", "postgres://somebody:secret@127.0.0.1:1/faces"}}
	out, text, code := v.try("gallery", "list")
	if code != exitFailed || !strings.Contains(text, "127.0.0.1:1") || !strings.Contains(text, "faces") || strings.Contains(out+text, "secret") {
		t.Errorf("exit %d: %s%s", code, out, text)
	}
}

func TestHouseKeeping(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	if out := v.do("migrate", "version"); !strings.Contains(out, "schema version") {
		t.Errorf("migrate version prints %q", out)
	}
	if models := answer[struct{ Models []listed }](v, "models", "list").Models; len(models) < 6 || models[0].Name != "yunet" {
		t.Errorf("models %+v", models)
	}
	if shown := answer[listed](v, "models", "show", "sface"); shown.Commercial != "yes" || shown.Recognition.Dim != 128 {
		t.Errorf("model %+v", shown)
	}
	if out := v.do("doctor"); !strings.Contains(out, "pgvector") || !strings.Contains(out, "OpenCV") {
		t.Errorf("doctor prints %s", out)
	}
	if got := answer[map[string]string](v, "version"); !strings.HasPrefix(got["opencv"], "4.") {
		t.Errorf("version %v", got)
	}
}

// Every command says what it does and shows an example.
func TestHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := run(context.Background(), []string{"--help"}, &out, &out); code != exitDone || !strings.Contains(out.String(), "ingest") {
		t.Errorf("help exits %d with %s", code, out.String())
	}
	for _, cmd := range rootCommand(&app{}).Commands() {
		if cmd.Short == "" || (cmd.Example == "" && cmd.Name() != "help") {
			t.Errorf("%s lacks a description or an example", cmd.Name())
		}
	}
}

func TestDemo(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	out := v.do(with(builtIn, "demo", "--faces", filepath.Join(dir, "people"), "--probe", filepath.Join(dir, "sample-03.jpg"))...)
	if !strings.Contains(out, "sample-03") || !strings.Contains(out, "match") {
		t.Errorf("demo prints %s", out)
	}
	_, path, _ := strings.Cut(out, "contact sheet: ")
	path, _, _ = strings.Cut(path, "\n")
	sheet, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer sheet.Close()
	if picture, err := png.Decode(sheet); err != nil || picture.Bounds().Dx() < 400 {
		t.Errorf("sheet: %v", err)
	}
}

// A plan, and an ingest of a folder that is not there, leave no trace.
func TestWhatNeverBeganLeavesNothing(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	planned := answer[ingest.Report](v, with(builtIn, "ingest", filepath.Join(sampleDir(t), "people"), "--plan", "--gallery", "planned")...)
	if len(planned.Changes) != 6 || planned.Ingested != 6 || planned.Faces != 0 {
		t.Errorf("plan: %+v", planned)
	}
	if out, _, code := v.try(with(builtIn, "ingest", "/nonexistent", "--gallery", "ghost")...); code != exitFailed || out != "" {
		t.Errorf("exit %d, printed %s", code, out)
	}
	if left := answer[struct{ Galleries []face.Gallery }](v, "gallery", "list").Galleries; len(left) != 0 {
		t.Errorf("galleries %+v", left)
	}
}

// A database without the schema is found broken, and no command works on it.
func TestUnpreparedDatabase(t *testing.T) {
	t.Parallel()
	v := visage{t, []string{"--home", t.TempDir(), "--database-url", pgtest.EmptyURL(t), "--log-level", "error"}}
	if out, _, code := v.try("doctor"); code != exitFailed || !strings.Contains(out, "run visage migrate up") {
		t.Errorf("doctor exits %d with %s", code, out)
	}
	if _, text, code := v.try("gallery", "list"); code != exitFailed || !strings.Contains(text, "run visage migrate up") || strings.Contains(text, "SQLSTATE") {
		t.Errorf("gallery list exits %d with %s", code, text)
	}
	v.do("migrate", "up")
	if out := v.do("doctor"); !strings.Contains(out, "pgvector") {
		t.Errorf("after migrate up, doctor prints %s", out)
	}
	latest, err := postgres.LatestVersion()
	if err != nil {
		t.Fatal(err)
	}
	if out := v.do("migrate", "down"); !strings.Contains(out, fmt.Sprintf(" of %d", latest)) || strings.Contains(out, fmt.Sprintf("version %d ", latest)) {
		t.Errorf("migrate down prints %s", out)
	}
}

// Errors speak to people: no SQL, no program parts, nothing twice.
func TestErrorsAreReadable(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	v.do("gallery", "create", "staff")
	for _, args := range [][]string{{"gallery", "create", "staff"}, {"gallery", "create", ""}, {"identity", "delete", "nobody", "--gallery", "staff"}} {
		if _, text, code := v.try(args...); code != exitFailed || strings.Contains(text, "SQLSTATE") || strings.Contains(text, "postgres.") {
			t.Errorf("visage %q exits %d with %s", args, code, text)
		}
	}
}
