package main

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/config"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/search"
)

// newSpoofService is a service with built-in models and the model Blue of liveness.
func newSpoofService(t *testing.T) service {
	t.Helper()
	v, home := alone(t)
	lib := ortLib(t)
	v.flags = append(v.flags, lib...)
	v.importBlue()
	a := &app{log: slog.New(slog.DiscardHandler), settings: config.Settings{Home: home, ModelsFile: filepath.Join(home, "models", "models.yaml"), OrtLib: lib[1]}}
	cfg := builtInModels
	cfg.Liveness = "Blue"
	return newServiceOf(t, a, cfg, func(c *httpapi.Config) { c.Analyzer = oneFake{} })
}

// oneFake stands in for models of attributes, of which none is built in: it sees two
// faces, the second of them a picture.
type oneFake struct{}

func (oneFake) Analyze(_ context.Context, _ []byte, asked httpapi.Asked, _ httpapi.Choice, _ httpapi.Wanted) ([]httpapi.Analysis, error) {
	found := []httpapi.Analysis{{Confidence: 0.9}, {Confidence: 0.9, Region: search.FacialArea{X: 300}}}
	if asked.Liveness {
		found[0].Liveness, found[1].Liveness = &face.Liveness{Real: true, Score: 0.9}, &face.Liveness{Score: 0.01}
	}
	return found, nil
}

// fakedIn says whether one face of an answer was found out, and named.
func fakedIn(t *testing.T, route string, answer map[string]any, image any) {
	t.Helper()
	spoofs, _ := answer["spoofs"].([]any)
	if len(spoofs) != 1 {
		t.Errorf("%s: left out are %v", route, answer["spoofs"])
		return
	}
	one := spoofs[0].(map[string]any)
	if x := one["facial_area"].(map[string]any)["x"].(float64); one["is_real"] != false || one["antispoof_score"].(float64) > 0.1 || one["image"] != image || x < 200 {
		t.Errorf("%s: left out is %v", route, one)
	}
}

// On every one of DeepFace's routes a picture of a face beside a live one is flagged,
// the other is answered, and a picture alone is the error that DeepFace's clients read.
func TestSpoofsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSpoofService(t)
	both, fake, live := inBase64(encoded(t, beside(drawn(1, 240), blue(drawn(2, 220))))), inBase64(encoded(t, blue(drawn(2, 240)))), inBase64(encoded(t, drawn(1, 200)))
	ask := func(img string, more map[string]any) map[string]any {
		fields := map[string]any{"img": img, "img1": img, "img2": live, "anti_spoofing": true}
		for name, value := range more {
			fields[name] = value
		}
		return fields
	}
	registered := s.good("/register", ask(both, map[string]any{"img_name": "ann"}))
	if registered["inserted"] != 1.0 {
		t.Errorf("registered %v", registered)
	}
	faces := map[string]int{"/represent": 1, "/extract": 1, "/analyze": 1, "/find": 1, "/search": 1}
	for route, n := range faces {
		answer := s.good(route, ask(both, map[string]any{"spoofs": "reject"}))
		if got := items(t, answer["results"]); len(got) != n {
			t.Errorf("%s: %d faces, want %d", route, len(got), n)
		}
		fakedIn(t, route, answer, nil)
		flagged := s.good(route, ask(both, map[string]any{"spoofs": "flag"}))
		if got := items(t, flagged["results"]); len(got) != n+1 || flagged["spoofs"] != nil || strings.Count(s.json(route, ask(both, map[string]any{"spoofs": "flag"})).text, `"is_real":true`) != 1 {
			t.Errorf("%s, flagged: %d faces, %v", route, len(got), flagged)
		}
		if plain := s.json(route, ask(both, map[string]any{"anti_spoofing": false})); plain.status != http.StatusOK || strings.Contains(plain.text, "is_real") {
			t.Errorf("%s unasked: %s", route, plain.text)
		}
	}
	fakedIn(t, "/register", registered, nil)
	verified := s.good("/verify", ask(both, nil))
	fakedIn(t, "/verify", verified, "img1")
	if l := verified["liveness"].(map[string]any)["img2"].(map[string]any); l["is_real"] != true {
		t.Errorf("verified %v", verified)
	}
	two := s.good("/represent", map[string]any{"img": []string{live, both}, "anti_spoofing": true, "return_face": true})
	fakedIn(t, "/represent of two", two, "img[1]")
	for _, route := range []string{"/represent", "/verify", "/find", "/search", "/register"} {
		r := s.json(route, ask(fake, map[string]any{"img_name": "bob"}))
		if r.status != http.StatusUnprocessableEntity || r.body["code"] != "spoof" || !strings.Contains(r.body["error"].(string), "Spoof detected in the given image") {
			t.Errorf("%s of a picture: %d %s", route, r.status, r.text)
		}
	}
	if r := s.json("/extract", ask(fake, nil)); r.status != http.StatusOK || !strings.Contains(r.text, `"is_real":false`) {
		t.Errorf("/extract of a picture: %d %s", r.status, r.text)
	}
}

// What cannot be done is refused, and never ignored.
func TestSpoofFieldsRefused(t *testing.T) {
	t.Parallel()
	s := newSpoofService(t)
	live := inBase64(encoded(t, drawn(1, 200)))
	template := items(t, s.good("/represent", map[string]any{"img": live})["results"])[0].(map[string]any)["embedding"]
	for what, c := range map[string]struct {
		route  string
		fields map[string]any
		word   string
	}{
		"nobody looks":          {"/represent", map[string]any{"img": live, "spoofs": "reject"}, "anti_spoofing"},
		"unknown policy":        {"/find", map[string]any{"img": live, "anti_spoofing": true, "spoofs": "burn"}, "flag or reject"},
		"enrolling pictures":    {"/register", map[string]any{"img": live, "anti_spoofing": true, "spoofs": "flag"}, "reject"},
		"a template":            {"/find", map[string]any{"img": template, "anti_spoofing": true}, "template"},
		"two templates":         {"/verify", map[string]any{"img1": template, "img2": template, "anti_spoofing": true}, "template"},
		"a template's enrolled": {"/register", map[string]any{"img": template, "anti_spoofing": true}, "photograph"},
	} {
		if r := s.json(c.route, c.fields); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.text, c.word) {
			t.Errorf("%s: %d %s", what, r.status, r.text)
		}
	}
	mixed := s.good("/verify", map[string]any{"img1": template, "img2": live, "anti_spoofing": true})
	if l := mixed["liveness"].(map[string]any); l["img1"] != nil || l["img2"] == nil {
		t.Errorf("a template and a photograph: %v", mixed)
	}
}

// Real photographs of real people are live, in every profile of requests, and by the
// same score that analyze gives, up to what a second detection moves.
func TestRealFacesAreNotSpoofs(t *testing.T) {
	t.Parallel()
	needs(t, "VISAGE_TEST_MODELS")
	data, err := os.ReadFile(filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "groups", "couple.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	s := newService(t, embed.Config{Recognizer: "MobileFaceNet", Detector: "scrfd"})
	plain := items(t, s.good("/represent", map[string]any{"img": inBase64(data)})["results"])
	told := items(t, s.good("/represent", map[string]any{"img": inBase64(data), "anti_spoofing": true})["results"])
	said := items(t, s.good("/analyze", map[string]any{"img": inBase64(data), "anti_spoofing": true, "actions": "age"})["results"])
	if len(plain) != 2 || len(told) != 2 || len(said) != 2 {
		t.Fatalf("%d, %d and %d faces, want 2", len(plain), len(told), len(said))
	}
	for i := range told {
		one, before, other := told[i].(map[string]any), plain[i].(map[string]any), said[i].(map[string]any)
		if off := one["antispoof_score"].(float64) - other["antispoof_score"].(float64); one["is_real"] != true || off > 0.05 || off < -0.05 {
			t.Errorf("face %d: %v, analyze says %v", i, one["antispoof_score"], other["antispoof_score"])
		}
		for k, x := range before["embedding"].([]any) {
			if one["embedding"].([]any)[k] != x {
				t.Fatalf("face %d: another template because liveness was asked for", i)
			}
		}
	}
}
