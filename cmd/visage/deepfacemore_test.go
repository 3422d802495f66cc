package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/config"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/search"
)

// What no model is installed for is refused, anti-spoofing on every route too: nothing
// is invented, and nothing that was asked for is left out.
func TestWhatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	bare := &app{log: slog.New(slog.DiscardHandler), settings: config.Settings{Home: t.TempDir(), OrtLib: os.Getenv("VISAGE_ORT_LIB")}}
	s, data := newServiceOf(t, bare, builtInModels), inBase64(encoded(t, drawn(1, 80)))
	if r := s.json("/analyze", map[string]any{"img": data, "actions": []string{"race"}}); r.status != http.StatusServiceUnavailable || r.body["code"] != "unavailable" {
		t.Errorf("/analyze: %d %s", r.status, r.text)
	}
	if r := s.json("/analyze", map[string]any{"img": data, "actions": "height"}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown action: %d %s", r.status, r.text)
	}
	for _, route := range []string{"/represent", "/verify", "/register", "/search", "/find", "/extract"} {
		r := s.json(route, map[string]any{"img": data, "img1": data, "img2": data, "anti_spoofing": "True"})
		if r.status != http.StatusServiceUnavailable || !strings.Contains(r.text, "anti_spoofing") {
			t.Errorf("%s with anti_spoofing: %d %s", route, r.status, r.text)
		}
	}
	for name, status := range map[string]int{"Facenet512": 503, "nobody": 404} {
		r := s.json("/represent", map[string]any{"img": data, "model_name": name})
		if r.status != status || !strings.Contains(r.text, "visage models pull") && !strings.Contains(r.text, "visage models import") {
			t.Errorf("model %s: %d %s", name, r.status, r.text)
		}
		if r := s.json("/extract", map[string]any{"img": data, "detector_backend": strings.Replace(name, "Facenet512", "dlib", 1)}); r.status != status {
			t.Errorf("detector %s: %d %s", name, r.status, r.text)
		}
	}
}

// attributes stand in for the models.
type attributes struct{}

func (attributes) Analyze(_ context.Context, _ []byte, asked httpapi.Asked, _ httpapi.Choice, _ httpapi.Wanted) ([]httpapi.Analysis, error) {
	age, a := 31, httpapi.Analysis{Region: search.FacialArea{W: 9, H: 9}, Confidence: 0.9}
	if slices.Contains(asked.Actions, "age") {
		a.Age = &age
	}
	if slices.Contains(asked.Actions, "gender") {
		a.Gender, a.DominantGender = map[string]float64{"Woman": 99.5, "Man": 0.5}, "Woman"
	}
	return []httpapi.Analysis{a}, nil
}

func TestDeepFaceAnalyze(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels, func(c *httpapi.Config) { c.Analyzer = attributes{} })
	want := kinds{"age": "whole", "gender": "object", "dominant_gender": "text", "region": "object", "face_confidence": "number"}
	for how, r := range s.encodings("/analyze", encoded(t, drawn(1, 80)), map[string]string{"actions": "['age', 'gender']", "align": "true"}) {
		results := items(t, r.body["results"])
		if r.status != http.StatusOK || len(results) != 1 {
			t.Fatalf("%s: %d %s", how, r.status, r.text)
		}
		areaKinds.check(t, how, want.check(t, how, results[0])["region"])
	}
}

func TestExtractOverHTTP(t *testing.T) {
	t.Parallel()
	s, data := newService(t, builtInModels), sample(t, "sample-01.jpg")
	for how, r := range s.encodings("/extract", data, map[string]string{"color_face": "bgr", "anti_spoofing": "false", "expand_percentage": "-1"}) {
		if r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", how, r.status, r.text)
		}
		one := extractKinds.check(t, how, items(t, r.body["results"])[0])
		areaKinds.check(t, how, one["facial_area"])
		encoded, found := strings.CutPrefix(one["crop"].(string), "data:image/png;base64,")
		if png, err := base64.StdEncoding.DecodeString(encoded); !found || err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
			t.Errorf("%s: the crop is %.40v, %v", how, one["crop"], err)
		}
	}
	first := func(fields map[string]any) []any {
		fields["img"], fields["return_face"] = inBase64(data), true
		one := items(t, s.good("/extract", fields)["results"])[0].(map[string]any)
		rows := items(t, one["face"])
		if len(rows) != 112 || len(items(t, rows[0])) != 112 {
			t.Fatalf("%v: %d rows", fields, len(rows))
		}
		if pixel, ok := items(t, rows[56])[56].([]any); ok {
			return pixel
		}
		return items(t, rows[56])[56:57]
	}
	rgb, bgr, grey := first(map[string]any{}), first(map[string]any{"color_face": "bgr", "normalize_face": false}), first(map[string]any{"color_face": "gray"})
	if len(rgb) != 3 || len(grey) != 1 || fmt.Sprintf("%.3f", rgb[0]) != fmt.Sprintf("%.3f", bgr[2].(float64)/255) {
		t.Errorf("rgb %v, bgr %v, grey %v", rgb, bgr, grey)
	}
	box := s.good("/extract", map[string]any{"img": inBase64(data), "align": "false", "expand_percentage": 10})
	if one := items(t, box["results"])[0].(map[string]any); one["alignment"] != nil {
		t.Errorf("a box as it is: %v", one["alignment"])
	}
}

// /find answers what the command prints.
func TestFindOverHTTPIsTheCommands(t *testing.T) {
	t.Parallel()
	s, dir := newService(t, builtInModels), sampleDir(t)
	v := visage{t, []string{"--home", t.TempDir(), "--database-url", s.dsn, "--log-level", "error"}}
	v.do(with(builtIn, "ingest", filepath.Join(dir, "people"))...)
	for _, c := range []struct {
		flags  []string
		fields map[string]any
	}{
		{nil, map[string]any{}},
		{[]string{"-k", "2", "--metric", "euclidean", "--exact"}, map[string]any{"k": 2, "distance_metric": "euclidean", "exact": true}},
		{[]string{"--by", "identity", "--top", "2", "--threshold", "0.2"}, map[string]any{"by": "identity", "top": "2", "threshold": 0.2}},
		{[]string{"--identity", "sample-01", "--identity", "sample-02", "--min-recall", "0.9"}, map[string]any{"identities": []string{"sample-01", "sample-02"}, "min_recall": 0.9}},
		{[]string{"--not-identity", "sample-01"}, map[string]any{"not_identities": "sample-01"}},
		{[]string{"--where", `{"source":"badge"}`}, map[string]any{"where": map[string]string{"source": "badge"}}},
	} {
		want := answer[map[string]any](v, with(with(builtIn, "find", filepath.Join(dir, "sample-01.jpg")), c.flags...)...)
		c.fields["img"] = inBase64(sample(t, "sample-01.jpg"))
		if got := s.good("/find", c.fields); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%v: %v\nthe command says %v", c.flags, got, want)
		}
	}
	photos := []string{"sample-01.jpg", "sample-02.jpg"}
	want := answer[map[string]any](v, with(builtIn, "find", filepath.Join(dir, photos[0]), filepath.Join(dir, photos[1]), "--same-person")...)
	got := s.good("/find", map[string]any{"img": []string{inBase64(sample(t, photos[0])), inBase64(sample(t, photos[1]))}, "same_person": true})
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("--same-person: %v\nthe command says %v", got, want)
	}
	several := s.form("/find", nil, map[string][][]byte{"img": {sample(t, "sample-01.jpg"), sample(t, "sample-02.jpg")}})
	if probes := items(t, several.body["probes"]); len(probes) != 2 || probes[1].(map[string]any)["image"] != "photo.jpg" {
		t.Errorf("several: %s", several.text)
	}
	many := s.json("/find", map[string]any{"img": []string{inBase64(sample(t, "sample-01.jpg")), inBase64(sample(t, "sample-02.jpg")), inBase64(sample(t, "sample-03.jpg"))}, "k": 10_000})
	if many.status != http.StatusRequestEntityTooLarge {
		t.Errorf("30,000 candidates: %d %.300s", many.status, many.text)
	}
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels)
	if r := s.send(http.MethodGet, "/", "", nil); r.status != http.StatusOK || !strings.Contains(r.header.Get("Content-Type"), "html") || !strings.Contains(r.text, "Welcome") {
		t.Errorf("%d %s", r.status, r.text)
	}
}

// A build goes on when the one who asked for it has gone, those who ask meanwhile
// wait for the same, and the end of the server ends it.
func TestBuilder(t *testing.T) {
	t.Parallel()
	space, begun, free := face.Space{Recognizer: "R"}, make(chan bool, 9), make(chan bool)
	b := newBuilder(t.Context(), nil, slog.New(slog.DiscardHandler))
	b.build = func(ctx context.Context, _ face.Space, _ face.Metric) error {
		begun <- true
		select {
		case <-free:
			return nil
		case <-ctx.Done():
			return face.Wrap(face.Cancelled, ctx.Err(), "build")
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := b.BuildIndex(short, space, face.Cosine); face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "goes on") {
		t.Errorf("who does not wait: %v", err)
	}
	second := make(chan error)
	go func() { second <- b.BuildIndex(t.Context(), space, face.Cosine) }()
	select {
	case err := <-second:
		t.Fatalf("the second does not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	free <- true
	if err := <-second; err != nil || len(begun) != 1 {
		t.Errorf("%v, %d builds", err, len(begun))
	}
	go func() { second <- b.BuildIndex(t.Context(), space, face.Cosine) }()
	<-begun // the first
	<-begun
	b.Close()
	if err := <-second; face.CodeOf(err) != face.Cancelled {
		t.Errorf("at the end: %v", err)
	}
}
