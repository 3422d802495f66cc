package httpapi_test

import (
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func TestGalleryRoutes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	w := a.want(201, "POST", "/v1/galleries", fields{"name": "staff"})
	if w.text("name") != "staff" || w.value("identities") != 0.0 || w.Header().Get("Location") != "/v1/galleries/staff" {
		t.Errorf("created %s at %s", w.Body, w.Header().Get("Location"))
	}
	a.refused(a.ask("POST", "/v1/galleries", fields{"name": "staff"}), 409, "exists", `"staff"`)
	a.gallery("visitors")
	first := a.want(200, "GET", "/v1/galleries?limit=1", nil)
	second := a.want(200, "GET", "/v1/galleries?limit=1&cursor="+first.text("next_cursor"), nil)
	if first.text("galleries.0.name") != "staff" || second.text("galleries.0.name") != "visitors" || second.value("next_cursor") != nil {
		t.Errorf("listed %s and %s", first.Body, second.Body)
	}
	a.want(200, "GET", "/v1/galleries/staff", nil)
	a.want(204, "DELETE", "/v1/galleries/staff", nil)
	a.refused(a.ask("GET", "/v1/galleries/staff", nil), 404, "not_found")
	a.refused(a.ask("DELETE", "/v1/galleries/staff", nil), 404, "not_found")
	a.refused(a.ask("PUT", "/v1/galleries/visitors", nil), 405, "method_not_allowed")
}

func TestIdentityRoutes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, annID := a.person("g", "ann")
	a.person("g", "bob")
	a.refused(a.ask("POST", "/v1/galleries/g/identities", fields{"name": "ann"}), 409, "exists", `"ann"`)
	a.refused(a.ask("POST", "/v1/galleries/no/identities", fields{"name": "ann"}), 404, "not_found", `"no"`)
	if w := a.want(200, "GET", ann, nil); w.text("name") != "ann" || w.text("id") != annID {
		t.Errorf("got %s", w.Body)
	}
	for _, path := range []string{"/v1/galleries/g/identities/-?name=ann", "/v1/galleries/g/identities/" + annID} {
		if w := a.want(200, "GET", path, nil); w.text("id") != annID {
			t.Errorf("%s gives %s", path, w.Body)
		}
	}
	if w := a.want(200, "GET", "/v1/galleries/g/identities?name=bob", nil); len(w.list("identities")) != 1 {
		t.Errorf("by name: %s", w.Body)
	}
	if w := a.want(200, "GET", "/v1/galleries/g/identities?name=cem", nil); len(w.list("identities")) != 0 {
		t.Errorf("by a name that nobody has: %s", w.Body)
	}
	if w := a.want(200, "GET", "/v1/galleries/g/identities?prefix=an&limit=1000", nil); len(w.list("identities")) != 1 || w.value("next_cursor") != nil {
		t.Errorf("by prefix: %s", w.Body)
	}
	if w := a.want(200, "PATCH", ann, fields{"name": "anna"}); w.text("name") != "anna" || w.text("id") != annID {
		t.Errorf("renamed %s", w.Body)
	}
	a.refused(a.ask("PATCH", ann, fields{"name": "bob"}), 409, "exists", "merge")
	a.want(204, "DELETE", "/v1/galleries/g/identities/-?name=bob", nil)
	a.want(204, "DELETE", ann, nil)
	for _, method := range []string{"GET", "DELETE"} {
		a.refused(a.ask(method, ann, nil), 404, "not_found")
	}
	a.refused(a.ask("DELETE", "/v1/galleries/g/identities/-", nil), 422, "invalid", "name is empty")
}

// Reliability test 17, over HTTP: names of any letters come back as they went in.
func TestNamesOfAnyLetters(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	for _, name := range []string{"a/b", "%2F", "é", "e\u0301", "日本語 🙂", "new\nline", "\"'`\\", "..", "-", "a?b#c", " ", strings.Repeat("ü", 512), "&lt;", "\u2028"} {
		gallery := "/v1/galleries/" + url.PathEscape(name)
		if name == ".." {
			gallery = "/v1/galleries/%2E%2E"
		}
		a.gallery(name)
		if w := a.want(200, "GET", gallery, nil); w.text("name") != name {
			t.Errorf("%q comes back as %q", name, w.text("name"))
		}
		w := a.want(201, "POST", gallery+"/identities", fields{"name": name})
		id := w.text("id")
		w = a.want(200, "GET", gallery+"/identities/-?name="+url.QueryEscape(name), nil)
		if w.text("name") != name || w.text("id") != id || w.text("gallery") != name {
			t.Errorf("%q comes back as %s", name, w.Body)
		}
		a.want(204, "DELETE", gallery, nil)
	}
}

// What no name can be is refused and said, and not stored as something else.
func TestNamesThatCannotBe(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	for _, path := range []string{"/v1/galleries", "/v1/galleries/g/identities"} {
		for _, c := range []struct {
			body   string
			status int
			word   string
		}{
			{`{"name":"a\u0000b"}`, 422, "zero byte"},
			{`{"name":"` + strings.Repeat("x", 1025) + `"}`, 422, "1025 bytes"},
			{`{"name":""}`, 422, "empty"},
			{`{}`, 422, "empty"},
			{`{"name":null}`, 422, "empty"},
			{`{"name":7}`, 422, "name must be a text"},
			{`{"name":["x"]}`, 422, "name must be a text"},
			{"{\"name\":\"a\xffb\"}", 400, "UTF-8"},
			{`{"name":"x","names":"y"}`, 422, `"names"`},
			{`["name"]`, 400, "JSON object"},
			{`{"name":"x"`, 400, "JSON object"},
			{``, 400, "JSON object"},
		} {
			a.refused(a.ask("POST", path, c.body), c.status, "invalid", c.word)
		}
	}
	for _, path := range []string{"/v1/galleries/a%00b", "/v1/galleries/%FF", "/v1/galleries/g/identities/%FF", "/v1/galleries/" + strings.Repeat("x", 1025)} {
		if w := a.ask("GET", path, nil); w.Code != 400 && w.Code != 422 && w.Code != 404 {
			t.Errorf("%.60s gives %d %s", path, w.Code, w.Body)
		}
	}
	if w := a.want(200, "GET", "/v1/galleries", nil); len(w.list("galleries")) != 1 {
		t.Errorf("there are %s", w.Body)
	}
}

// Reliability test 27: what is sent reaches the database as values only.
func TestInjection(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	a.faces(ann, "10")
	for _, text := range []string{`'; DROP TABLE visage.images; --`, `" OR 1=1 --`, `$1`, `%s`, `1;drop`, `\'; SELECT pg_sleep(9); --`, `ann' UNION SELECT 1`} {
		q, p := url.QueryEscape(text), url.PathEscape(text)
		for _, r := range []struct {
			method, path string
			body         any
		}{
			{"GET", "/v1/galleries/" + p, nil}, {"GET", "/v1/galleries/g/identities/" + p, nil}, {"GET", "/v1/faces/" + p, nil},
			{"GET", "/v1/merges/" + p, nil}, {"GET", "/v1/jobs/" + p, nil}, {"GET", "/v1/galleries?cursor=" + q, nil},
			{"GET", "/v1/galleries?limit=" + q, nil}, {"GET", "/v1/galleries/g/identities/-?name=" + q, nil},
			{"POST", "/v1/galleries/g/search", fields{"photo": encoded("10"), "k": text}},
			{"POST", "/v1/galleries/g/search", fields{"photo": encoded("10"), "metric": text}},
			{"POST", "/v1/galleries/g/search", fields{"photo": encoded("10"), "model": text}},
			{"POST", "/v1/galleries/g/search", fields{"embedding": []int{1}, "space": text}},
			{"POST", "/v1/galleries/g/search", fields{"face_id": text}},
			{"POST", "/v1/galleries/g/search", fields{"photo": encoded("10"), "filter": fields{"identities": []string{text}}}},
			{"POST", "/v1/indexes", fields{"space": text}}, {"POST", "/v1/indexes", fields{"space": text, "action": "drop"}},
			{"POST", "/v1/recall", fields{"space": text}}, {"POST", ann + "/merge", fields{"into": text}},
		} {
			if w := a.ask(r.method, r.path, r.body); w.Code < 400 || w.Code >= 500 {
				t.Errorf("%s %s %v gives %d %s", r.method, r.path, r.body, w.Code, w.Body)
			}
		}
		a.person("g", text)
		a.want(200, "GET", "/v1/galleries/g/identities?prefix="+q, nil)
	}
	if w := a.want(200, "GET", "/v1/galleries/g", nil); w.value("identities") != 8.0 || w.value("images") != 1.0 {
		t.Errorf("afterwards there is %s", w.Body)
	}
}

func TestListsRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	for _, path := range []string{"/v1/galleries", "/v1/galleries/g/identities", ann + "/faces", "/v1/jobs"} {
		for _, query := range []string{"limit=0", "limit=1001", "limit=x", "limit=-1", "limit=1e3"} {
			a.refused(a.ask("GET", path+"?"+query, nil), 422, "invalid", "1 to 1000")
		}
	}
	for _, path := range []string{"/v1/galleries", "/v1/galleries/g/identities", ann + "/faces"} {
		a.refused(a.ask("GET", path+"?cursor=zzz", nil), 422, "invalid", "cursor")
	}
	a.refused(a.ask("GET", "/v1/galleries?prefix=%00", nil), 422, "invalid", "zero byte")
}

func TestMergeRoutes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, annID := a.person("g", "ann")
	bob, bobID := a.person("g", "bob")
	a.faces(ann, "10", "11")
	a.faces(bob, "20")
	w := a.want(201, "POST", ann+"/merge", fields{"into": bobID})
	merge := w.Header().Get("Location")
	if w.text("from") != "ann" || w.text("into") != "bob" || w.value("faces") != 2.0 {
		t.Errorf("merged %s", w.Body)
	}
	a.refused(a.ask("GET", ann, nil), 404, "not_found")
	if w := a.want(200, "GET", bob, nil); w.value("faces") != 3.0 {
		t.Errorf("both are %s", w.Body)
	}
	a.want(200, "GET", merge, nil)
	if w := a.want(200, "POST", merge+"/undo", nil); w.value("undone_at") == nil {
		t.Errorf("undone %s", w.Body)
	}
	if w := a.want(200, "GET", ann, nil); w.value("faces") != 2.0 || w.text("id") != annID {
		t.Errorf("ann came back as %s", w.Body)
	}
	a.refused(a.ask("POST", merge+"/undo", nil), 409, "conflict", "undone")
	a.refused(a.ask("POST", "/v1/merges/"+annID+"/undo", nil), 404, "not_found")
	a.refused(a.ask("POST", ann+"/merge", fields{"into": annID}), 422, "invalid", "itself")
	a.refused(a.ask("POST", ann+"/merge", fields{}), 422, "invalid", "into")
	a.refused(a.ask("POST", ann+"/merge", fields{"into": merge}), 404, "not_found")
	a.refused(a.ask("POST", ann+"/merge", fields{"into": bobID, "undo": true}), 422, "invalid", `"undo"`)
}

// Many callers at once get either what they asked for or a clear refusal.
func TestIdentitiesAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	var group sync.WaitGroup
	codes := make([]int, 12)
	for i := range codes {
		group.Go(func() {
			w := httptest.NewRecorder()
			body := fmt.Sprintf(`{"name":"person %d"}`, i/2)
			a.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/galleries/g/identities", strings.NewReader(body)))
			codes[i] = w.Code
		})
	}
	group.Wait()
	for i := 0; i < len(codes); i += 2 {
		if codes[i]+codes[i+1] != 201+409 {
			t.Errorf("two that make the same get %d and %d", codes[i], codes[i+1])
		}
	}
}
