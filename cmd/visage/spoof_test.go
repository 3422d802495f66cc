package main

import (
	"image"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
	"github.com/visagedb/visage/search"
)

// blueIsSpoof stands for a model of liveness: what has more blue than red in and
// around the face is a picture of one, which people are not.
const blueIsSpoof = "kind: liveness\nsummary: blue faces\npresentation: {width: 80, height: 80, scales: [1.2], classes: 3, live: 1}\n"

// blueGraph gives the logits of three classes, of which the second is that of a live
// face, from blue, green and red.
func blueGraph() []byte {
	in := onnxtest.Value{Name: "in", Shape: []int64{-1, 3, 80, 80}}
	return onnxtest.Graph([]onnxtest.Value{in}, []onnxtest.Value{{Name: "logits", Shape: []int64{-1, 3}}},
		onnxtest.Node{Op: "ReduceMean", Inputs: []string{"in"}, Outputs: []string{"colour"}, Attributes: []onnxtest.Attribute{{Name: "axes", Value: []int64{2, 3}}, {Name: "keepdims", Value: int64(0)}}},
		onnxtest.Constant("weights", onnxtest.Tensor{Shape: []int64{3, 3}, Data: []float32{0.2, 0, -1, 0, 0, -1, -0.2, 0, -1}}),
		onnxtest.Node{Op: "MatMul", Inputs: []string{"colour", "weights"}, Outputs: []string{"logits"}})
}

// importBlue makes the model one of the program's own.
func (v visage) importBlue() {
	v.t.Helper()
	dir := v.t.TempDir()
	file, spec := filepath.Join(dir, "blue.onnx"), filepath.Join(dir, "blue.yaml")
	if err := os.WriteFile(file, blueGraph(), 0o600); err != nil {
		v.t.Fatal(err)
	}
	write(v.t, spec, blueIsSpoof)
	v.do("models", "import", file, "--as", "Blue", "--spec", spec)
}

// blue is a picture with red and blue in each other's place, as nobody looks.
func blue(of *image.RGBA) *image.RGBA {
	for i := 0; i < len(of.Pix); i += 4 {
		of.Pix[i], of.Pix[i+2] = of.Pix[i+2], of.Pix[i]
	}
	return of
}

// spoofScene is a program with built-in models, a model of liveness, and photographs of a
// live face beside a picture of one, of a picture alone, and of the live one again.
type spoofScene struct {
	visage
	both, fake, live string
}

func newSpoofScene(t *testing.T) spoofScene {
	t.Helper()
	s := spoofScene{visage: newVisage(t, with([]string{"--models", ""}, ortLib(t)...)...)}
	s.importBlue()
	dir := t.TempDir()
	s.both, s.fake, s.live = filepath.Join(dir, "both.png"), filepath.Join(dir, "fake.png"), filepath.Join(dir, "live.png")
	for path, picture := range map[string]image.Image{s.both: beside(drawn(1, 240), blue(drawn(2, 220))), s.fake: blue(drawn(2, 240)), s.live: drawn(1, 200)} {
		if err := makeFile(path, encoded(t, picture)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// faked says whether one face was found out beside a live one, and is where it is.
func faked(t *testing.T, what, image string, spoofs []search.Spoof) {
	t.Helper()
	if len(spoofs) != 1 || spoofs[0].Image != image || spoofs[0].Liveness == nil || spoofs[0].Real || spoofs[0].Score > 0.1 || spoofs[0].FacialArea.X < 200 || spoofs[0].Confidence <= 0 {
		t.Errorf("%s: left out are %+v", what, spoofs)
	}
}

// One picture of a face beside a live one: it is flagged or left out, the other is
// answered; a picture alone is an error where pictures are left out.
func TestSpoofsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	s := newSpoofScene(t)
	args := with(builtIn, "--anti-spoofing", "--liveness-model", "Blue")
	type represented struct {
		Results []search.Representation
		Spoofs  []search.Spoof
	}
	for _, args := range [][]string{{"represent", s.both}, {"ingest", t.TempDir()}} {
		if _, text, code := s.try(with(builtIn, append(args, "--liveness-model", "Blue")...)...); code != exitMisused || !strings.Contains(text, "goes with --anti-spoofing") {
			t.Errorf("%s: exit %d, %s", args[0], code, text)
		}
	}
	plain := answer[represented](s.visage, with(builtIn, "represent", s.both)...)
	if len(plain.Results) != 2 || plain.Results[0].Liveness != nil || plain.Spoofs != nil {
		t.Fatalf("unasked: %d faces, %+v", len(plain.Results), plain.Spoofs)
	}
	left := answer[represented](s.visage, with([]string{"represent", s.both}, args...)...)
	if len(left.Results) != 1 || left.Results[0].Liveness == nil || !left.Results[0].Real || left.Results[0].Score < 0.9 {
		t.Errorf("represent: %+v", left.Results)
	}
	faked(t, "represent", "", left.Spoofs)
	flagged := answer[represented](s.visage, with([]string{"represent", s.both, "--spoofs", "flag", "--return-face"}, args...)...)
	if len(flagged.Results) != 2 || flagged.Results[0].Real == flagged.Results[1].Real || flagged.Spoofs != nil {
		t.Errorf("represent, flagged: %+v", flagged.Results)
	}
	type cut struct {
		Results []extracted
		Spoofs  []search.Spoof
	}
	extract := []string{"extract", s.both, "--detector", "opencv", "--anti-spoofing", "--liveness-model", "blue", "--out", t.TempDir()}
	all := answer[cut](s.visage, extract...)
	if len(all.Results) != 2 || *all.Results[0].IsReal == *all.Results[1].IsReal || all.Spoofs != nil {
		t.Errorf("extract: %+v", all.Results)
	}
	one := answer[cut](s.visage, with(extract, "--spoofs", "reject")...)
	if len(one.Results) != 1 || !*one.Results[0].IsReal || *one.Results[0].AntispoofScore < 0.9 {
		t.Errorf("extract without spoofs: %+v", one.Results)
	}
	faked(t, "extract", "", one.Spoofs)
	verified := answer[search.Verification](s.visage, with([]string{"verify", s.live, s.both, "--pairs"}, args...)...)
	if verified.Liveness == nil || !verified.Liveness.Img2.Real || len(verified.Pairs) != 1 {
		t.Errorf("verify: %+v", verified)
	}
	faked(t, "verify", "img2", verified.Spoofs)
	if text := s.do(with([]string{"verify", s.live, s.fake, "--spoofs", "flag"}, args...)...); !strings.Contains(text, "face of A, live") || !strings.Contains(text, "face of B, a picture of a face") {
		t.Errorf("verify, flagged: %s", text)
	}
	for _, command := range [][]string{{"represent", s.fake}, {"verify", s.live, s.fake}, {"find", s.fake}} {
		if _, errOut, code := s.try(with(command, args...)...); code != exitFailed || !strings.Contains(errOut, "fake.png") || !strings.Contains(errOut, "Spoof detected in the given image") {
			t.Errorf("%q: exit %d, %s", command, code, errOut)
		}
	}
}

// Pictures of faces are not enrolled, by an ingest and by a worker, nor searched for.
func TestSpoofsAreNotEnrolled(t *testing.T) {
	t.Parallel()
	s, root := newSpoofScene(t), t.TempDir()
	for path, from := range map[string]string{"ann/1.png": s.live, "bob/1.png": s.fake} {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := makeFile(filepath.Join(root, path), data); err != nil {
			t.Fatal(err)
		}
	}
	want := map[face.Code]int{face.Spoof: 1}
	report := answer[ingest.Report](s.visage, with(builtIn, "ingest", root, "--anti-spoofing", "--liveness-model", "Blue")...)
	if report.Ingested != 1 || !maps.Equal(report.Rejected, want) || report.Rejections[0].Measures.Liveness == nil {
		t.Fatalf("%+v", report)
	}
	if again := answer[ingest.Report](s.visage, with(builtIn, "ingest", root, "--anti-spoofing", "--liveness-model", "Blue")...); again.Unchanged != 2 {
		t.Errorf("again: %+v", again)
	}
	type found struct {
		search.FindResult
	}
	f := answer[found](s.visage, with(builtIn, "find", s.both, "--anti-spoofing", "--liveness-model", "Blue")...)
	if len(f.Results) != 1 || len(f.Results[0]) != 1 || f.Results[0][0].Identity != "ann" || !f.Probes[0].Real {
		t.Errorf("find: %+v", f)
	}
	faked(t, "find", "", f.Spoofs)
	if two := answer[found](s.visage, with(builtIn, "find", s.both, s.live, "--anti-spoofing", "--liveness-model", "Blue", "--spoofs", "flag")...); len(two.Results) != 3 || two.Spoofs != nil || two.Probes[2].Image == "" {
		t.Errorf("find, flagged: %+v", two)
	}
	if text := s.do(with(builtIn, "find", s.both, "--anti-spoofing", "--liveness-model", "Blue")...); !strings.Contains(text, "left out, as a picture of a face") || !strings.Contains(text, ", live (score") {
		t.Errorf("find prints %s", text)
	}
	s.do(with(builtIn, "ingest", root, "--gallery", "later", "--anti-spoofing", "--liveness-model", "Blue", "--enqueue")...)
	if done := answer[worked](s.visage, "worker", "--until-empty"); done.Ingested != 1 || !maps.Equal(done.Rejected, want) {
		t.Errorf("worked: %+v", done)
	}
	if lax := answer[ingest.Report](s.visage, with(builtIn, "ingest", root)...); lax.Ingested+lax.Replaced+lax.Copied != 1 {
		t.Errorf("without the question: %+v", lax)
	}
}

func TestSpoofFlagsMisused(t *testing.T) {
	t.Parallel()
	v, _ := alone(t)
	photo := blank(t)
	for _, c := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"represent", photo, "--spoofs", "reject"}, exitMisused, "--anti-spoofing"},
		{[]string{"extract", photo, "--anti-spoofing", "--spoofs", "burn"}, exitMisused, "flag or reject"},
		{[]string{"extract", photo, "--anti-spoofing", "--detector", "opencv"}, exitFailed, "liveness"},
		{[]string{"eval", "spoof", "--real", "x"}, exitMisused, "--attack"},
	} {
		if _, errOut, code := v.try(c.args...); code != c.code || !strings.Contains(errOut, c.text) {
			t.Errorf("%q: exit %d, %s", c.args, code, errOut)
		}
	}
}

// The test of a model of liveness. There are no photographs of attacks here: drawn
// faces, in colours that nobody has, stand in for them, so that the rates say nothing of
// any model but this test's.
func TestEvalSpoof(t *testing.T) {
	t.Parallel()
	v, _ := alone(t)
	v.flags = append(v.flags, ortLib(t)...)
	v.importBlue()
	dir := t.TempDir()
	for path, picture := range map[string]image.Image{
		"live/1.png": drawn(1, 160), "live/2.png": drawn(2, 160), "live/3.png": blue(drawn(1, 160)), "live/4.png": image.NewRGBA(image.Rect(0, 0, 90, 90)),
		"attack/print/1.png": blue(drawn(1, 150)), "attack/print/2.png": blue(drawn(2, 150)), "attack/replay/1.png": drawn(2, 150),
	} {
		if err := makeFile(filepath.Join(dir, path), encoded(t, picture)); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"eval", "spoof", "--real", filepath.Join(dir, "live"), "--attack", filepath.Join(dir, "attack"), "--detector", "opencv", "--model", "Blue"}
	r := answer[eval.Spoofing](v, args...)
	own := r.AtModel
	if r.Model != "Blue" || r.Detector != "opencv" || own.BPCER.Count != 1 || own.BPCER.Of != 3 || own.APCER.Count != 1 || own.APCER.Of != 3 || own.Worst != "replay" || *own.WorstAPCER.Rate != 1 {
		t.Errorf("%+v", r)
	}
	if r.Real.Classified != 3 || len(r.FailedFiles) != 1 || r.FailedFiles[0].Code != face.NoFace || own.Threshold != nil || len(r.AtTarget) != 1 || r.EER == nil {
		t.Errorf("%+v", r)
	}
	if text := v.do(args...); !strings.Contains(text, "attacks replay") || !strings.Contains(text, "APCER at most 0.05") || !strings.Contains(text, "EER ") || !strings.Contains(text, "(1 of 3)") {
		t.Errorf("prints %s", text)
	}
}
