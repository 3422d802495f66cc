package main

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/bench"
)

func pictureSize(t *testing.T, path string) image.Point {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	config, _, err := image.DecodeConfig(file)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return image.Pt(config.Width, config.Height)
}

// What is asked for is cut out and drawn, and its fields have their place.
func TestExtractVariants(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), sampleDir(t)
	photo := filepath.Join(dir, "sample-01.jpg")
	for name, c := range map[string]struct {
		args    []string
		aligned bool
		drawn   string
	}{
		"aligned and drawn":   {[]string{"--draw", "seen.jpg"}, true, "seen.jpg"},
		"as DeepFace cuts it": {[]string{"--profile", "deepface", "--expand", "10"}, false, ""},
		"box, drawn as PNG":   {[]string{"--no-align", "--draw", "seen.png"}, false, "seen.png"},
		"turned, thorough":    {[]string{"--turned", "--thorough"}, true, ""},
	} {
		out := t.TempDir()
		for i, arg := range c.args {
			if arg == c.drawn && arg != "" {
				c.args[i] = filepath.Join(out, arg)
			}
		}
		args := with([]string{"extract", photo, "--detector", "opencv", "--out", out}, c.args...)
		text := v.do(with(args, "--json")...)
		results := parse[struct{ Results []extracted }](t, text).Results
		if len(results) == 0 {
			t.Errorf("%s: no faces", name)
			continue
		}
		r := results[0]
		want := image.Pt(112, 112)
		if !c.aligned {
			want = image.Pt(r.FacialArea.W, r.FacialArea.H)
		}
		if got := pictureSize(t, r.File); got != want || (r.Alignment != nil) != c.aligned {
			t.Errorf("%s: a crop of %v, want %v; alignment %v", name, got, want, r.Alignment)
		}
		if q := r.Quality; !(q.Score > 0 && q.Score <= 1) || q.Parts.Size == 0 || q.Parts.Sharpness == 0 || (q.Parts.Pose != nil) != (q.Parts.Alignment != nil) {
			t.Errorf("%s: quality %+v", name, q)
		}
		for _, key := range []string{`"is_real": null`, `"antispoof_score": null`, `"reasons": [`} {
			if !strings.Contains(text, key) {
				t.Errorf("%s: %s is not in the answer", name, key)
			}
		}
		if c.drawn != "" && pictureSize(t, filepath.Join(out, c.drawn)) != pictureSize(t, photo) {
			t.Errorf("%s: the picture drawn has another size than the photograph", name)
		}
	}
}

func TestExtractMisused(t *testing.T) {
	t.Parallel()
	v, photo := newVisage(t), filepath.Join(sampleDir(t), "sample-01.jpg")
	for name, c := range map[string]struct {
		args []string
		code int
		text string
	}{
		"picture of no kind": {[]string{"--draw", "seen.tiff"}, exitMisused, ".png or .jpg"},
		"unknown profile":    {[]string{"--profile", "mine"}, exitFailed, "deepface"},
		"aligned, expanded":  {[]string{"--expand", "5"}, exitFailed, "not aligned"},
		"unknown detector":   {[]string{"--detector", "nobody"}, exitFailed, "yunet, retinaface_mobilenet, scrfd"},
		"missing weights":    {[]string{"--detector", "yolov8n"}, exitFailed, "visage models pull yolov8n"},
		"no download":        {[]string{"--detector", "blazeface"}, exitFailed, "visage models import FILE --as mediapipe"},
		"input too small":    {[]string{"--detector-size", "3"}, exitFailed, "at least 64"},
	} {
		args := []string{"extract", photo, "--out", t.TempDir()}
		if c.args[0] != "--detector" {
			args = append(args, "--detector", "opencv")
		}
		if _, errOut, code := v.try(with(args, c.args...)...); code != c.code || !strings.Contains(errOut, c.text) {
			t.Errorf("%s: exit %d, want %d: %s", name, code, c.code, errOut)
		}
	}
}

// The photograph is never overwritten by what is drawn or cut out of it.
func TestExtractKeepsThePhotograph(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), t.TempDir()
	data, err := os.ReadFile(filepath.Join(sampleDir(t), "sample-01.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	photo := filepath.Join(dir, "a.jpg")
	if err := makeFile(photo, data); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.jpg", filepath.Join(dir, "a-face1.png")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--out", filepath.Join(dir, "new"), "--draw", photo}, {"--out", dir}} {
		if _, errOut, code := v.try(with([]string{"extract", photo, "--detector", "opencv"}, args...)...); code == exitDone || !strings.Contains(errOut, "photograph") {
			t.Errorf("%q: exit %d, %s", args, code, errOut)
		}
	}
	if left, err := os.ReadFile(photo); err != nil || string(left) != string(data) {
		t.Errorf("the photograph was changed, %v", err)
	}
}

// The built-in detector is measured without a network to compare it with, others
// beside theirs.
func TestBenchDetect(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), filepath.Join(sampleDir(t), "people", "sample-01")
	report := answer[bench.Report](v, "bench", "detect", "--photos", dir, "--detector", "opencv", "--rounds", "1")
	if len(report.Results) != 1 || report.Machine.CPUs < 1 {
		t.Fatalf("%+v", report)
	}
	if r := report.Results[0]; r.Name != "detect.opencv" || r.Value <= 0 || r.Unit != "1/s" || r.Ratio != 0 {
		t.Errorf("%+v", r)
	}
	models := needs(t, "VISAGE_TEST_MODELS")
	report = answer[bench.Report](v, "bench", "detect", "--photos", dir, "--detector", "yunet", "--rounds", "3", "--models", models, "--ort-lib", needs(t, "VISAGE_ORT_LIB"))
	if r := report.Results[0]; r.Name != "detect.yunet" || r.Reference <= 0 || r.Ratio <= 0 || r.Against == "" || r.Spread[0] > r.Value || r.Spread[1] < r.Value {
		t.Errorf("%+v", r)
	}
	if _, errOut, code := v.try("bench", "detect"); code != exitMisused || !strings.Contains(errOut, "--photos") {
		t.Errorf("without photographs: exit %d, %s", code, errOut)
	}
}
