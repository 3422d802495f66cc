package main

import (
	"fmt"
	"image"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/httpapi"
)

// analyzingFlags are those of a program that has real models, and needs no database.
func analyzingFlags(t *testing.T) visage {
	t.Helper()
	return visage{t, []string{"--home", t.TempDir(), "--models", needs(t, "VISAGE_TEST_MODELS"), "--ort-lib", needs(t, "VISAGE_ORT_LIB"), "--log-level", "error"}}
}

// Of a real photograph all is said that is asked for, and nothing else.
func TestAnalyze(t *testing.T) {
	t.Parallel()
	v, photo := analyzingFlags(t), filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "groups", "couple.jpg")
	all := answer[struct{ Results []httpapi.Analysis }](v, "analyze", photo, "--anti-spoofing").Results
	if len(all) != 2 {
		t.Fatalf("%d faces, want 2", len(all))
	}
	genders := map[string]int{}
	for _, r := range all {
		genders[r.DominantGender]++
		if r.Age == nil || *r.Age < 15 || *r.Age > 90 || r.DominantEmotion == "" || r.DominantRace != "" || len(r.Models) != 3 || r.Liveness == nil || !r.Real || r.Region.W < 100 {
			t.Errorf("got %+v", r)
		}
	}
	if genders["Man"] != 1 || genders["Woman"] != 1 {
		t.Errorf("genders %v, want one of each", genders)
	}
	text := v.do("analyze", photo, "--actions", "age", "--attribute-models", "FaceApi_AgeGender", "--max-faces", "1")
	if lines := strings.Split(strings.TrimSpace(text), "\n"); len(lines) != 2 || !strings.HasSuffix(strings.TrimSpace(lines[0]), "age") {
		t.Errorf("got %s", text)
	}
	dir := filepath.Join(t.TempDir(), "seen")
	v.do("analyze", photo, "--draw", dir)
	drawn, err := os.Open(filepath.Join(dir, "couple-faces.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	defer drawn.Close()
	picture, err := jpeg.Decode(drawn)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := os.Open(photo)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if size, err := jpeg.DecodeConfig(plain); err != nil || size.Width != picture.Bounds().Dx() || size.Height != picture.Bounds().Dy() {
		t.Errorf("the drawing has %v, the photograph %dx%d pixels, %v", picture.Bounds(), size.Width, size.Height, err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		text string
	}{
		"unknown action": {[]string{photo, "--actions", "height"}, exitMisused, "height"},
		"no model":       {[]string{photo, "--actions", "race"}, exitFailed, "race"},
		"no such model":  {[]string{photo, "--attribute-models", "nobody"}, exitFailed, "nobody"},
		"no face":        {[]string{blank(t)}, exitFailed, "finds no face"},
	} {
		if _, errOut, code := v.try(append([]string{"analyze"}, c.args...)...); code != c.code || !strings.Contains(errOut, c.text) {
			t.Errorf("%s: exit %d: %s", name, code, errOut)
		}
	}
}

// What is known of a model of attributes is shown: its licence, what it takes and what
// it says.
func TestModelsShowAttributes(t *testing.T) {
	t.Parallel()
	v := analyzingFlags(t)
	for name, words := range map[string][]string{
		"FaceApi_AgeGender":      {"licence     MIT", "commercial  unclear", "112 pixels wide", "crop        fit, RGB bytes as (x - [122.782 117.001 104.298]) / 256", "says        age: years", "gender: Man, Woman", "in use"},
		"MiniXception_Gender":    {"square and 30 % more on each side, grey bytes as x / 255", "gender: Woman, Man", "for research alone"},
		"FairFace":               {"CC BY 4.0", "stretch and 25 % more", "race: white, black, latino hispanic, asian, asian, indian", "the mean of 9 classes of years", "Karkkainen"},
		"deepface_age":           {"CC BY-NC 4.0", "commercial  no", "deepface, BGR numbers from 0 to 1", "the mean of 0 to 100 years"},
		"face-landmark-68-model": {"landmarks: 68 points"},
	} {
		text := v.do("models", "show", name)
		for _, word := range words {
			if !strings.Contains(strings.ReplaceAll(text, "\n            ", " "), word) {
				t.Errorf("%s: %q is not in\n%s", name, word, text)
			}
		}
	}
}

// What DeepFace's own tests expect of analyze, as far as it needs none of its large
// weights, by whose age of another photograph they go: a photograph of a woman, all attributes or one alone, in a list or not, and
// lists of photographs in their order.
func TestDeepFacesTestsOfAnalyze(t *testing.T) {
	t.Parallel()
	needs(t, "VISAGE_TEST_MODELS")
	folder := filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "people", "p01")
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return inBase64(data)
	}
	s := newService(t, embed.Config{Recognizer: "LBPH", Detector: "scrfd"})
	woman := read("img2.jpg")
	said := map[string][]string{"age": {"age"}, "gender": {"gender", "dominant_gender"}, "emotion": {"emotion", "dominant_emotion"}}
	all := []string{"age", "gender", "emotion"}
	for _, actions := range []any{nil, all, "age,gender,emotion", []string{"age"}, "gender", []string{"emotion"}} {
		request := map[string]any{"img": woman}
		if actions != nil {
			request["actions"] = actions
		}
		one := items(t, s.good("/analyze", request)["results"])[0].(map[string]any)
		region := one["region"].(map[string]any)
		for _, key := range []string{"x", "y", "w", "h", "left_eye", "right_eye"} {
			if region[key] == nil {
				t.Errorf("%v: the region %v has no %s", actions, region, key)
			}
		}
		if confidence := one["face_confidence"].(float64); !(confidence > 0 && confidence <= 1) {
			t.Errorf("%v: confidence %g", actions, confidence)
		}
		for attribute, keys := range said {
			asked := actions == nil || strings.Contains(fmt.Sprint(actions), attribute)
			for _, key := range keys {
				if _, there := one[key]; there != asked {
					t.Errorf("%v: %s is there: %v", actions, key, there)
				}
			}
		}
		if age, ok := one["age"].(float64); ok && (age <= 20 || age >= 40 || age != float64(int(age))) {
			t.Errorf("%v: age %g, want whole years between 20 and 40", actions, age)
		}
		if gender, ok := one["dominant_gender"]; ok && gender != "Woman" {
			t.Errorf("%v: gender %v", actions, gender)
		}
	}
	group, err := os.ReadFile(filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "groups", "couple.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	batch := items(t, s.good("/analyze", map[string]any{"img": []string{woman, inBase64(group), read("img1.jpg")}})["results"])
	for i, faces := range []int{1, 2, 1} {
		if got := items(t, batch[i]); len(batch) != 3 || len(got) != faces {
			t.Errorf("photograph %d of %d has %d faces, want %d", i, len(batch), len(got), faces)
		}
	}
}

// blank is a photograph without a face.
func blank(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "blank.png")
	if err := os.WriteFile(path, encoded(t, image.NewRGBA(image.Rect(0, 0, 320, 240))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnalyzeOverHTTP(t *testing.T) {
	t.Parallel()
	needs(t, "VISAGE_TEST_MODELS")
	data, err := os.ReadFile(filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "groups", "couple.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, embed.Config{Recognizer: "LBPH", Detector: "scrfd"})
	want := kinds{"age": "whole", "gender": "object", "dominant_gender": "text", "emotion": "object", "dominant_emotion": "text",
		"region": "object", "face_confidence": "number", "models": "object", "is_real": "flag", "antispoof_score": "number"}
	for how, r := range s.encodings("/analyze", data, map[string]string{"anti_spoofing": "true"}) {
		if r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", how, r.status, r.text)
		}
		results := items(t, r.body["results"])
		if len(results) != 2 {
			t.Errorf("%s: %d faces, want 2", how, len(results))
		}
		for _, one := range results {
			want.check(t, how, one)
		}
	}
	only := items(t, s.good("/analyze", map[string]any{"img": inBase64(data), "actions": "age", "max_faces": 1, "enforce_detection": false})["results"])
	if len(only) != 1 {
		t.Fatalf("%d faces, want 1", len(only))
	}
	kinds{"age": "whole", "region": "object", "face_confidence": "number", "models": "object"}.check(t, "age alone", only[0])
	for what, fields := range map[string]map[string]any{
		"race": {"img": inBase64(data), "actions": []string{"race"}}, "no face": {"img": inBase64(encoded(t, image.NewRGBA(image.Rect(0, 0, 320, 240)))), "enforce_detection": false},
	} {
		status := map[string]int{"race": http.StatusServiceUnavailable, "no face": http.StatusUnprocessableEntity}[what]
		if r := s.json("/analyze", fields); r.status != status {
			t.Errorf("%s: %d %s, want %d", what, r.status, r.text, status)
		}
	}
}
