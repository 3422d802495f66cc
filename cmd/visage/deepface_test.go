package main

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// kinds are the types of an answer's fields, by name: text, yes or no, number, whole,
// list, object; with "?" for one that may be null.
type kinds map[string]string

// DeepFace's answers (its routes at 0.0.100), and at the end what we add.
var (
	areaKinds = kinds{"x": "whole", "y": "whole", "w": "whole", "h": "whole", "left_eye": "list?", "right_eye": "list?"}

	representKinds = kinds{"embedding": "list", "facial_area": "object", "face_confidence": "number",
		"model": "text", "detector_backend": "text", "space": "text"}
	verifyKinds = kinds{"verified": "flag", "distance": "number", "threshold": "number", "confidence": "number", "model": "text",
		"detector_backend": "text", "similarity_metric": "text", "facial_areas": "object", "time": "number",
		"space": "text", "threshold_source": "text"}
	searchKinds = kinds{"id": "text", "img_name": "text", "model_name": "text", "detector_backend": "text", "aligned": "flag",
		"l2_normalized": "flag", "search_method": "text", "target_x": "whole", "target_y": "whole", "target_w": "whole", "target_h": "whole",
		"threshold": "number", "distance_metric": "text", "distance": "number", "confidence": "number"}
	registerKinds = kinds{"inserted": "whole",
		"img_names": "list", "gallery": "text", "model": "text", "detector_backend": "text", "space": "text"}
	indexKinds   = kinds{"message": "text", "space": "text"}
	extractKinds = kinds{"facial_area": "object", "confidence": "number", "crop": "text", "alignment": "object?", "quality": "object", "detector_backend": "text"}
	failureKinds = kinds{"error": "text", "code": "text", "request_id": "text"}
)

func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case bool:
		return "flag"
	case float64:
		if v == math.Trunc(v) {
			return "whole"
		}
		return "number"
	case []any:
		return "list"
	default:
		return "object"
	}
}

// check holds an object of an answer to its fields: all of them, and no other.
func (k kinds) check(t *testing.T, what string, value any) map[string]any {
	t.Helper()
	object, ok := value.(map[string]any)
	if !ok {
		t.Fatalf("%s is %s, not an object", what, kindOf(value))
	}
	if got, want := slices.Sorted(maps.Keys(object)), slices.Sorted(maps.Keys(k)); !slices.Equal(got, want) {
		t.Errorf("%s has the fields %v, want %v", what, got, want)
	}
	for name, want := range k {
		got := kindOf(object[name])
		bare, nullable := strings.CutSuffix(want, "?")
		if good := got == bare || got == "whole" && bare == "number" || nullable && got == "null"; !good {
			t.Errorf("%s.%s is %s, want %s", what, name, got, want)
		}
	}
	return object
}

// items are a list's.
func items(t *testing.T, value any) []any {
	t.Helper()
	list, ok := value.([]any)
	if !ok {
		t.Fatalf("%v is no list", value)
	}
	return list
}

// encodings are the ways in which DeepFace's clients send a photograph and fields.
func (s service) encodings(route string, data []byte, fields map[string]string) map[string]reply {
	s.t.Helper()
	plain, uri := maps.Clone(fields), maps.Clone(fields)
	plain["img"], uri["img"] = inBase64(data), dataURI(data)
	asJSON := map[string]any{"img": dataURI(data)}
	bare := map[string]any{"img": inBase64(data)}
	for name, value := range fields {
		asJSON[name], bare[name] = value, value
	}
	return map[string]reply{
		"JSON, data URI": s.json(route, asJSON), "JSON, base64": s.json(route, bare),
		"multipart, file": s.form(route, fields, map[string][][]byte{"img": {data}}), "multipart, base64": s.form(route, plain, nil),
		"form, data URI": s.urlencoded(route, uri),
	}
}

// Every documented request of DeepFace's routes, in every way in which its clients
// send them, has DeepFace's answer: each field, of its type.
func TestDeepFaceRepresent(t *testing.T) {
	t.Parallel()
	s, data := newService(t, builtInModels), sample(t, "sample-01.jpg")
	fields := map[string]string{
		"model_name": "LBPH", "detector_backend": "opencv", "enforce_detection": "true", "align": "True", "anti_spoofing": "false", "max_faces": "1",
	}
	for how, r := range s.encodings("/represent", data, fields) {
		if r.status != http.StatusOK {
			t.Errorf("%s: %d %s", how, r.status, r.text)
			continue
		}
		results := items(t, r.body["results"])
		if len(results) != 1 || len(r.body) != 1 {
			t.Fatalf("%s: %s", how, r.text)
		}
		one := representKinds.check(t, how, results[0])
		areaKinds.check(t, how+" facial_area", one["facial_area"])
		if n := len(items(t, one["embedding"])); n != 2891 || one["model"] != "LBPH" || one["detector_backend"] != "opencv" {
			t.Errorf("%s: %d components of %v with %v", how, n, one["model"], one["detector_backend"])
		}
	}
	defaults := s.good("/represent", map[string]any{"img": dataURI(data), "max_faces": nil, "model_name": nil})
	if one := items(t, defaults["results"])[0].(map[string]any); one["model"] != "LBPH" || one["detector_backend"] != "opencv" {
		t.Errorf("by default %v", one["model"])
	}
}

// Several photographs give a list for each, one gives the list itself.
func TestRepresentSeveral(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels, func(c *httpapi.Config) { c.MaxPhotos = 2 })
	first, second := sample(t, "sample-01.jpg"), sample(t, "sample-02.jpg")
	single := items(t, s.good("/represent", map[string]any{"img": []string{inBase64(first)}})["results"])
	representKinds.check(t, "a list of one", single[0])
	for how, r := range map[string]reply{
		"JSON":  s.json("/represent", map[string]any{"img": []string{inBase64(first), dataURI(second)}}),
		"files": s.form("/represent", nil, map[string][][]byte{"img": {first, second}}),
	} {
		lists := items(t, r.body["results"])
		if len(lists) != 2 {
			t.Fatalf("%s: %s", how, r.text)
		}
		for i, list := range lists {
			one := representKinds.check(t, fmt.Sprint(how, i), items(t, list)[0])
			if i == 0 && fmt.Sprint(one) != fmt.Sprint(single[0]) {
				t.Errorf("%s: another answer than for one photograph", how)
			}
		}
	}
	three := s.json("/represent", map[string]any{"img": []string{inBase64(first), inBase64(first), inBase64(first)}})
	if three.status != http.StatusRequestEntityTooLarge {
		t.Errorf("three photographs where two are allowed: %d %s", three.status, three.text)
	}
	bad := s.json("/represent", map[string]any{"img": []string{inBase64(first), dataURI([]byte("no picture"))}})
	if bad.status != http.StatusUnsupportedMediaType || !strings.HasPrefix(bad.body["error"].(string), "img[1]") {
		t.Errorf("the second is no picture: %d %s", bad.status, bad.text)
	}
}

func TestRepresentFinishes(t *testing.T) {
	t.Parallel()
	s, data := newService(t, builtInModels), sample(t, "sample-01.jpg")
	plain := items(t, s.good("/represent", map[string]any{"img": inBase64(data)})["results"])[0].(map[string]any)
	for _, fields := range []map[string]any{{"l2_normalize": true}, {"minmax_normalize": "yes"}, {"normalization": "base"}, {"expand_percentage": -5}, {"expand_percentage": 0}} {
		fields["img"] = inBase64(data)
		one := items(t, s.good("/represent", fields)["results"])[0].(map[string]any)
		if one["space"] != plain["space"] { // a template of length 1 already, of a model of which DeepFace knows no range
			t.Errorf("%v: space %v", fields, one["space"])
		}
	}
	for field, message := range map[string]string{"align": "are for deepface", "expand_percentage": "profile deepface", "normalization": "profile deepface"} {
		value := map[string]any{"align": false, "expand_percentage": 10, "normalization": "Facenet"}[field]
		r := s.json("/represent", map[string]any{"img": inBase64(data), field: value})
		if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.text, message) {
			t.Errorf("%s in the profile native: %d %s", field, r.status, r.text)
		}
	}
}

func TestDeepFaceVerify(t *testing.T) {
	t.Parallel()
	s, first, second := newService(t, builtInModels), sample(t, "sample-01.jpg"), sample(t, "sample-02.jpg")
	fields := map[string]string{"model_name": "LBPH", "detector_backend": "opencv", "align": "true", "enforce_detection": "true", "anti_spoofing": "0"}
	template := items(t, s.good("/represent", map[string]any{"img": inBase64(first)})["results"])[0].(map[string]any)["embedding"]
	for _, metric := range []string{"cosine", "euclidean", "euclidean_l2", "angular"} {
		fields["distance_metric"] = metric
		texts := maps.Clone(fields)
		texts["img1"], texts["img2"] = inBase64(first), dataURI(second)
		for how, r := range map[string]reply{
			"multipart": s.form("/verify", fields, map[string][][]byte{"img1": {first}, "img2": {second}}),
			"form":      s.urlencoded("/verify", texts),
			"JSON":      s.json("/verify", map[string]any{"img1": dataURI(first), "img2": inBase64(second), "distance_metric": metric}),
			"template":  s.json("/verify", map[string]any{"img1": template, "img2": inBase64(second), "distance_metric": metric}),
		} {
			if r.status != http.StatusOK {
				t.Errorf("%s %s: %d %s", metric, how, r.status, r.text)
				continue
			}
			verifyKinds.check(t, how, r.body)
			areas := kinds{"img1": "object", "img2": "object"}.check(t, how, r.body["facial_areas"])
			areaKinds.check(t, how, areas["img2"])
			if numbers := areas["img1"].(map[string]any); (how == "template") != (numbers["x"] == nil) || r.body["similarity_metric"] != metric {
				t.Errorf("%s %s: %s", metric, how, r.text)
			}
		}
	}
	same := s.good("/verify", map[string]any{"img1": inBase64(first), "img2": template, "threshold": 0})
	if same["distance"].(float64) > 1e-6 || same["threshold_source"] != "the caller" {
		t.Errorf("a photograph and its template: %v", same)
	}
}

func TestDeepFaceRegisterAndSearch(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels)
	fields := map[string]string{
		"model_name": "LBPH", "detector_backend": "opencv", "enforce_detection": "true", "align": "true", "l2_normalize": "false",
		"expand_percentage": "0", "normalization": "base", "anti_spoofing": "false", "img_name": "ann",
	}
	for how, r := range s.encodings("/register", sample(t, "people/sample-01/0.jpg"), fields) {
		switch r.status {
		case http.StatusOK:
			if registerKinds.check(t, how, r.body)["inserted"] != 1.0 {
				t.Errorf("%s: %s", how, r.text)
			}
		case http.StatusConflict: // the same content under the same name, in all ways but the first
			failureKinds.check(t, how, r.body)
		default:
			t.Errorf("%s: %d %s", how, r.status, r.text)
		}
	}
	s.good("/register", map[string]any{"img": inBase64(sample(t, "people/sample-01/1.jpg")), "img_name": "ann"})
	s.good("/register", map[string]any{"img": inBase64(sample(t, "people/sample-02/0.jpg")), "img_name": "bob"})
	list, err := s.db.Identities(t.Context(), face.DefaultGallery)
	if err != nil || len(list) != 2 || list[0].Name != "ann" || list[0].Faces != 2 || list[1].Faces != 1 {
		t.Fatalf("enrolled are %+v, %v", list, err)
	}
	delete(fields, "img_name")
	fields["distance_metric"], fields["k"] = "cosine", "5"
	for _, method := range []string{"exact", "ann"} {
		for _, everything := range []string{"false", "True"} {
			fields["search_method"], fields["similarity_search"] = method, everything
			for how, r := range s.encodings("/search", sample(t, "sample-01.jpg"), fields) {
				lists := items(t, r.body["results"])
				if r.status != http.StatusOK || len(lists) != 1 {
					t.Fatalf("%s %s: %d %s", method, how, r.status, r.text)
				}
				found := items(t, lists[0])
				if everything == "True" && len(found) != 3 || len(found) == 0 {
					t.Errorf("%s, everything %s: %d found", method, everything, len(found))
				}
				first := searchKinds.check(t, how, found[0])
				if first["img_name"] != "ann" || first["search_method"] != method || first["aligned"] != true {
					t.Errorf("%s: %v", how, first)
				}
				for _, one := range found {
					if r := one.(map[string]any); everything == "false" && r["distance"].(float64) > r["threshold"].(float64) {
						t.Errorf("%s: beyond the threshold: %v", how, r)
					}
				}
			}
		}
	}
}

// A list stands for every face, at its place, also where nobody is near.
func TestSearchDropsNoFace(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels)
	s.good("/register", map[string]any{"img": inBase64(sample(t, "people/sample-01/0.jpg")), "img_name": "ann"})
	data := sample(t, "sample-02.jpg")
	got := s.good("/search", map[string]any{"img": []string{inBase64(data), inBase64(sample(t, "people/sample-01/0.jpg"))}, "threshold": 1e-9})
	lists := items(t, got["results"])
	if len(lists) != 2 || len(items(t, lists[0])) != 0 || len(items(t, lists[1])) != 1 {
		t.Errorf("%v", lists)
	}
	template := items(t, s.good("/represent", map[string]any{"img": inBase64(data)})["results"])[0].(map[string]any)["embedding"]
	numbers := s.good("/search", map[string]any{"img": template, "similarity_search": true})
	if one := items(t, items(t, numbers["results"])[0])[0].(map[string]any); one["target_x"] != nil || one["img_name"] != "ann" {
		t.Errorf("a search by numbers: %v", one)
	}
}

func TestRegisterNamesAndGalleries(t *testing.T) {
	t.Parallel()
	s, data := newService(t, builtInModels), inBase64(sample(t, "sample-01.jpg"))
	unnamed := s.good("/register", map[string]any{"img": data})
	if name := items(t, unnamed["img_names"])[0].(string); len(name) != 36 {
		t.Errorf("without a name: %q", name)
	}
	both := s.good("/register", map[string]any{"img": []string{data, inBase64(sample(t, "sample-02.jpg"))}, "img_name": "x", "gallery": "other"})
	if both["inserted"] != 2.0 || both["gallery"] != "other" {
		t.Errorf("%v", both)
	}
	again := s.json("/register", map[string]any{"img": []string{inBase64(sample(t, "sample-03.jpg")), data}, "img_name": "x", "gallery": "other"})
	if again.status != http.StatusConflict || again.body["code"] != "exists" || !strings.HasPrefix(again.body["error"].(string), "img[1]") {
		t.Errorf("one of two is there: %d %s", again.status, again.text)
	}
	if list, err := s.db.Identities(t.Context(), "other"); err != nil || list[0].Faces != 2 {
		t.Errorf("after a refusal: %+v, %v", list, err)
	}
	if nowhere := s.json("/search", map[string]any{"img": data, "gallery": "nowhere"}); nowhere.status != http.StatusNotFound {
		t.Errorf("an unknown gallery: %d %s", nowhere.status, nowhere.text)
	}
}

func TestDeepFaceBuildIndex(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels)
	fields := map[string]any{"model_name": "LBPH", "detector_backend": "opencv", "align": true, "l2_normalize": false}
	if r := s.json("/build/index", fields); r.status != http.StatusNotFound || failureKinds.check(t, "a new space", r.body)["code"] != "not_found" {
		t.Errorf("nothing was enrolled: %d %s", r.status, r.text)
	}
	s.good("/register", map[string]any{"img": inBase64(sample(t, "sample-01.jpg")), "img_name": "ann"})
	spaces, err := s.db.Spaces(t.Context())
	if err != nil || len(spaces) != 1 {
		t.Fatalf("%v, %v", spaces, err)
	}
	if _, err := s.db.DropIndex(t.Context(), spaces[0], face.Cosine); err != nil {
		t.Fatal(err)
	}
	replies := make(chan reply)
	for range 4 { // at once
		go func() { replies <- s.json("/build/index", fields) }()
	}
	for range 4 {
		if r := <-replies; r.status != http.StatusOK || indexKinds.check(t, "built", r.body)["message"] != "Index built successfully" {
			t.Errorf("%d %s", r.status, r.text)
		}
	}
	if left, err := s.db.Unindexed(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("without an index are %v, %v", left, err)
	}
}
