package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
	"github.com/visagedb/visage/search"
)

// last is the input of any number of faces of a size, channels last, as the
// graphs have it that DeepFace's project publishes.
func last(height, width int64) onnxtest.Value {
	return onnxtest.Value{Shape: []int64{-1, height, width, 3}}
}

// DeepFace's models that run in ONNX Runtime, by the signatures of their graphs.
var deepFaceModels = map[string]onnxtest.Recognizer{
	"VGG-Face":     {Input: last(224, 224), Last: true, Dim: 4096, Relu: true},
	"Facenet":      {Input: last(160, 160), Last: true, Dim: 128},
	"Facenet512":   {Input: last(160, 160), Last: true, Dim: 512},
	"OpenFace":     {Input: last(96, 96), Last: true, Dim: 128},
	"DeepFace":     {Input: last(152, 152), Last: true, Dim: 4096, Relu: true},
	"DeepID":       {Input: last(55, 47), Last: true, Dim: 160, Relu: true},
	"ArcFace":      {Input: last(112, 112), Last: true, Dim: 512},
	"GhostFaceNet": {Input: last(112, 112), Last: true, Dim: 512},
	"SFace":        {Input: planes(112), Dim: 128},
	"Buffalo_L":    {Input: onnxtest.Value{Shape: []int64{-1, 3, 112, 112}}, Dim: 512},
}

// Every model of DeepFace, with weights of the same signature: imported, in
// represent, verify and, through Postgres, in ingest and find, in DeepFace's
// profile and by all metrics. Before it is there, each says what to pull.
func TestDeepFacesModels(t *testing.T) {
	t.Parallel()
	lib, dir := ortLib(t), sampleDir(t)
	photo, other := filepath.Join(dir, "sample-01.jpg"), filepath.Join(dir, "sample-02.jpg")
	for name, graph := range deepFaceModels {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisage(t, lib...)
			_, text, code := v.try("represent", photo, "--model", name, "--detector", "opencv")
			for _, want := range []string{name + " is not installed", "licence: ", "MB", "`visage models pull " + name} {
				if code != exitFailed || !strings.Contains(text, want) {
					t.Errorf("without weights: exit %d, %s, want it to say %q", code, text, want)
				}
			}
			graph.Seed = 3
			v.do("models", "import", network(t, graph), "--as", name, "--unpinned")
			model := []string{"--model", name, "--detector", "opencv", "--profile", "deepface"}
			faces := answer[struct{ Results []search.Representation }](v, with(model, "represent", photo, "--return-face")...).Results
			if len(faces) != 1 || len(faces[0].Embedding) != graph.Dim || len(faces[0].Face) != faces[0].Shape[0]*faces[0].Shape[1]*3 {
				t.Fatalf("represent gives %+v", faces)
			}
			v.do(with(model, "ingest", filepath.Join(dir, "people"))...)
			for _, metric := range []string{"cosine", "euclidean", "euclidean_l2", "angular"} {
				verified := answer[search.Verification](v, with(model, "verify", photo, other, "--metric", metric)...)
				if verified.Model != name || !strings.Contains(verified.ThresholdSource, "serengil/deepface") || verified.Distance <= 0 {
					t.Errorf("%s: %+v", metric, verified)
				}
				found := answer[search.FindResult](v, with(model, "find", photo, "--metric", metric)...)
				enrolled := found.Results[0][0]
				again := answer[search.Verification](v, with(model, "verify", photo, enrolled.Image, "--metric", metric)...)
				if d := again.Distance - enrolled.Distance; d > 1e-6*max(1, again.Distance) || d < -1e-6*max(1, again.Distance) {
					t.Errorf("%s: find says %g and verify %g", metric, enrolled.Distance, again.Distance)
				}
			}
		})
	}
}

// The profiles and variants of one model are spaces of their own, which the
// database keeps apart.
func TestProfilesAreSpaces(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t, ortLib(t)...), sampleDir(t)
	people, photo := filepath.Join(dir, "people"), filepath.Join(dir, "sample-01.jpg")
	v.do("models", "import", network(t, onnxtest.Recognizer{Input: last(112, 112), Last: true, Dim: 512, Seed: 1}), "--as", "ArcFace", "--unpinned")
	arcFace := []string{"--model", "ArcFace", "--detector", "opencv"}
	spaces := map[string]bool{}
	for _, variant := range [][]string{
		{}, {"--profile", "native"}, {"--profile", "deepface", "--normalization", "ArcFace"},
		{"--profile", "deepface", "--no-align"}, {"--profile", "deepface", "--expand", "10"},
	} {
		report := answer[ingest.Report](v, with(with(arcFace, "ingest", people), variant...)...)
		if report.Ingested != 6 {
			t.Errorf("%v: %+v", variant, report)
		}
		spaces[report.Space] = true
	}
	if len(spaces) != 5 {
		t.Errorf("spaces %v, want five", spaces)
	}
	if _, text, code := v.try(with(arcFace, "find", photo, "--profile", "deepface", "--normalization", "raw")...); code != exitFailed || !strings.Contains(text, "deepface+raw") {
		t.Errorf("find in a space in which nothing is: exit %d, %s", code, text)
	}
}

func TestVerifyTemplates(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	photo, file := filepath.Join(dir, "sample-01.jpg"), filepath.Join(t.TempDir(), "templates.json")
	write(t, file, v.do(with(builtIn, "represent", photo, "--json")...))
	got := answer[search.Verification](v, with(builtIn, "verify", file, photo, "--pairs")...)
	if !got.Verified || got.Distance > 1e-6 || got.FacialAreas.Img2.W < 100 || len(got.Pairs) != 1 {
		t.Errorf("a template and its photograph: %+v", got)
	}
	if out := v.do(with(builtIn, "verify", file, photo, "--json")...); !strings.Contains(out, `"img1": {
      "x": null,`) {
		t.Errorf("a template has no facial area: %s", out)
	}
	short := filepath.Join(t.TempDir(), "short.json")
	write(t, short, "[1, 2, 3]")
	if _, text, code := v.try(with(builtIn, "verify", short, photo)...); code != exitFailed || !strings.Contains(text, "3") || !strings.Contains(text, strconv.Itoa(2891)) {
		t.Errorf("a short template: exit %d, %s", code, text)
	}
	foreign := filepath.Join(t.TempDir(), "foreign.json")
	write(t, foreign, `{"results":[{"embedding":[1],"space":"SFace-native-00000000"}]}`)
	if _, text, code := v.try(with(builtIn, "verify", foreign, photo)...); code != exitFailed || !strings.Contains(text, "SFace-native-00000000") {
		t.Errorf("a template of another space: exit %d, %s", code, text)
	}
	write(t, short, "["+strings.Repeat("null,", 2890)+"1]")
	if _, text, code := v.try(with(builtIn, "verify", short, photo)...); code != exitFailed || !strings.Contains(text, "no template") {
		t.Errorf("numbers that are none: exit %d, %s", code, text)
	}
	write(t, foreign, `{"results":[]}`)
	if _, text, code := v.try(with(builtIn, "verify", foreign, photo)...); code != exitFailed || !strings.Contains(text, string(face.Invalid)) && !strings.Contains(text, "no template") {
		t.Errorf("no template: exit %d, %s", code, text)
	}
}

// What represent makes of a template for other programs is no template.
func TestVerifyRefusesChangedTemplates(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t, ortLib(t)...), sampleDir(t)
	photo, file := filepath.Join(dir, "sample-01.jpg"), filepath.Join(t.TempDir(), "templates.json")
	v.do("models", "import", network(t, onnxtest.Recognizer{Input: last(112, 112), Last: true, Dim: 512, Seed: 1}), "--as", "ArcFace", "--unpinned")
	arcFace := []string{"--model", "ArcFace", "--detector", "opencv"}
	for option, name := range map[string]string{"--minmax-normalize": "+minmax", "--l2-normalize": "+l2"} {
		write(t, file, v.do(with(arcFace, "represent", photo, "--json", option)...))
		if _, text, code := v.try(with(arcFace, "verify", file, photo)...); code != exitFailed || !strings.Contains(text, name) {
			t.Errorf("%s: exit %d, %s", option, code, text)
		}
	}
	write(t, file, v.do(with(arcFace, "represent", photo, "--json", "--profile", "native", "--l2-normalize")...))
	if got := answer[search.Verification](v, with(arcFace, "verify", file, photo, "--profile", "native", "--threshold", "0.1")...); !got.Verified {
		t.Errorf("a template that has length 1 anyway: %+v", got)
	}
}
