package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// badged enrols the samples by a manifest: the first photograph of each person
// came from a badge, the second from the door.
func badged(t *testing.T) (v visage, dir string) {
	t.Helper()
	v, dir = newVisage(t), sampleDir(t)
	var list strings.Builder
	list.WriteString("path,identity,metadata\n")
	for person := range 3 {
		for i, source := range []string{"badge", "door"} {
			fmt.Fprintf(&list, `people/%[1]s/%[2]d.jpg,%[1]s,"{""source"": ""%[3]s""}"`+"\n", sampleName(person), i, source)
		}
	}
	manifest := filepath.Join(t.TempDir(), "faces.csv")
	if err := os.WriteFile(manifest, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	v.do(with(builtIn, "ingest", dir, "--manifest", manifest)...)
	return v, dir
}

func identities(matches []search.Match) []string {
	names := make([]string, len(matches))
	for i, m := range matches {
		names[i] = m.Identity
	}
	slices.Sort(names)
	return names
}

func TestFindThroughFilters(t *testing.T) {
	t.Parallel()
	v, dir := badged(t)
	first, second, third := sampleName(0), sampleName(1), sampleName(2)
	for _, c := range []struct {
		flags []string
		want  []string
	}{
		{nil, []string{first, first, second, second, third, third}},
		{[]string{"--identity", second}, []string{second, second}},
		{[]string{"--identity", second, "--identity", third}, []string{second, second, third, third}},
		{[]string{"--not-identity", first}, []string{second, second, third, third}},
		{[]string{"--where", `{"source":"badge"}`}, []string{first, second, third}},
		{[]string{"--where", `{"source":"door"}`, "--not-identity", first, "--not-identity", third, "--exact"}, []string{second}},
		{[]string{"--where", `{"source":"moon"}`}, []string{}},
		{[]string{"--by", "identity"}, []string{first, second, third}},
		{[]string{"--by", "identity", "--top", "2", "--where", `{"source":"door"}`}, []string{first, second, third}},
	} {
		found := answer[search.FindResult](v, with(with(builtIn, "find", filepath.Join(dir, first+".jpg")), c.flags...)...)
		if got := identities(found.Results[0]); !slices.Equal(got, c.want) {
			t.Errorf("%q finds %v, want %v", c.flags, got, c.want)
		}
	}
	_, text, code := v.try(with(builtIn, "find", filepath.Join(dir, first+".jpg"), "--identity", "eve", "--not-identity", "bob")...)
	if code != exitFailed || !strings.Contains(text, `no identity "eve", "bob"`) {
		t.Errorf("unknown identities: exit %d, %s", code, text)
	}
}

// The answer says by what filter and how it was searched.
func TestFindSaysItsFilter(t *testing.T) {
	t.Parallel()
	v, dir := badged(t)
	args := with(builtIn, "find", filepath.Join(dir, "sample-01.jpg"), "--not-identity", "sample-02", "--where", `{"source":"badge"}`, "--by", "identity", "--top", "2")
	text := v.do(append(args, "--json")...)
	compact := strings.Join(strings.Fields(text), "")
	want := `"filter":{"not_identities":["sample-02"],"where":{"source":"badge"}},"by":"identity","top":2,`
	if !strings.Contains(compact, want) {
		t.Errorf("the answer lacks %s:\n%s", want, text)
	}
	if plain := v.do(args...); !strings.Contains(plain, "gallery default, filtered,") || !strings.Contains(plain, "faces") {
		t.Errorf("find prints %s", plain)
	}
	whole := parse[map[string]map[string]any](t, `{"search":`+searchOf(t, v.do(with(builtIn, "find", filepath.Join(dir, "sample-01.jpg"), "--json")...))+`}`)["search"]
	if _, filtered := whole["filter"]; filtered || whole["by"] != "face" {
		t.Errorf("without a filter the answer says %v", whole)
	}
}

// searchOf is the part "search" of an answer.
func searchOf(t *testing.T, text string) string {
	t.Helper()
	_, part, found := strings.Cut(text, `"search":`)
	if !found {
		t.Fatalf("no search in %s", text)
	}
	return strings.TrimSuffix(strings.TrimSpace(part), "}")
}

// Several photographs are answered like each alone, in one answer that says
// which face is of which.
func TestFindSeveralPhotographs(t *testing.T) {
	t.Parallel()
	v, dir := badged(t)
	var photos []string
	for person := range 3 {
		photos = append(photos, filepath.Join(dir, sampleName(person)+".jpg"))
	}
	together := answer[search.FindResult](v, with(with(builtIn, "find"), photos...)...)
	if len(together.Results) != 3 {
		t.Fatalf("%d lists, want 3", len(together.Results))
	}
	for i, photo := range photos {
		alone := answer[search.FindResult](v, with(builtIn, "find", photo)...)
		if p := together.Probes[i]; p.Image != photo || p.Identity != sampleName(i) || p.Decision != alone.Probes[0].Decision || alone.Probes[0].Image != "" {
			t.Errorf("%s: %+v, alone %+v", photo, p, alone.Probes[0])
		}
		if !slices.EqualFunc(together.Results[i], alone.Results[0], func(a, b search.Match) bool { return a.FaceID == b.FaceID && a.Distance == b.Distance }) {
			t.Errorf("%s: %v, alone %v", photo, together.Results[i], alone.Results[0])
		}
	}
	if plain := v.do(with(with(builtIn, "find"), photos...)...); !strings.Contains(plain, "face 3 of 3 in "+photos[2]) {
		t.Errorf("find prints %s", plain)
	}
}

// Several photographs of one person are one probe, which is the mean of their
// templates.
func TestFindSamePerson(t *testing.T) {
	t.Parallel()
	v, dir := badged(t)
	name := sampleName(1)
	photos := []string{filepath.Join(dir, name+".jpg"), filepath.Join(dir, "people", name, "0.jpg"), filepath.Join(dir, "people", name, "1.jpg")}
	found := answer[search.FindResult](v, append(with(with(builtIn, "find"), photos...), "--same-person")...)
	if len(found.Results) != 1 || found.Probes[0].Decision != search.Matched || found.Probes[0].Identity != name {
		t.Fatalf("%+v", found.Probes)
	}
	var templates []face.Template
	for _, photo := range photos {
		shown := answer[struct{ Results []search.Representation }](v, with(builtIn, "represent", photo)...).Results
		templates = append(templates, face.Template{Space: face.Space{Dim: len(shown[0].Embedding)}, Vector: shown[0].Embedding})
	}
	merged, err := search.Merge(templates)
	if err != nil {
		t.Fatal(err)
	}
	enrolled := slices.IndexFunc(found.Results[0], func(m search.Match) bool { return m.Image == photos[1] })
	want, err := search.Distance(face.Cosine, merged.Vector, templates[1].Vector)
	if err != nil {
		t.Fatal(err)
	}
	if d := found.Results[0][enrolled].Distance; d-want > 1e-6 || want-d > 1e-6 {
		t.Errorf("distance %g, want the merged template's %g", d, want)
	}
	if plain := v.do(append(with(with(builtIn, "find"), photos...), "--same-person")...); !strings.Contains(plain, "one person in 3 photographs: match") {
		t.Errorf("find prints %s", plain)
	}
}
