package httpapi_test

import (
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/httpapi"
)

const key = "Idempotency-Key"

func TestIdempotency(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	first := a.want(201, "POST", "/v1/galleries", fields{"name": "g"}, key, "k1")
	again := a.want(201, "POST", "/v1/galleries", fields{"name": "g"}, key, "k1")
	if first.Body.String() != again.Body.String() || again.Header().Get("Location") != first.Header().Get("Location") ||
		again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" ||
		again.Header().Get("Content-Type") != first.Header().Get("Content-Type") {
		t.Errorf("first %s %v, again %s %v", first.Body, first.Header(), again.Body, again.Header())
	}
	a.refused(a.ask("POST", "/v1/galleries", fields{"name": "h"}, key, "k1"), 409, "conflict", "another request")
	a.refused(a.ask("DELETE", "/v1/galleries/g", nil, key, "k1"), 409, "conflict", "another request")
	a.refused(a.ask("POST", "/v1/galleries", fields{"name": "g"}, key, "k2"), 409, "exists") // is not kept
	a.want(204, "DELETE", "/v1/galleries/g", nil, key, "k3")
	if w := a.want(204, "DELETE", "/v1/galleries/g", nil, key, "k3"); w.Header().Get("Idempotency-Replayed") != "true" {
		t.Error("a deletion is not given again")
	}
	if w := a.want(201, "POST", "/v1/galleries", fields{"name": "g"}, key, "k2"); w.Header().Get("Idempotency-Replayed") != "" {
		t.Error("what failed is given again")
	}
	for _, bad := range []string{strings.Repeat("x", 256), "a\tb", "ü"} {
		a.refused(a.ask("POST", "/v1/galleries", fields{"name": "i"}, key, bad), 422, "invalid", "printable")
	}
	a.refused(a.ask("POST", "/v1/galleries", `{"name"`, key, "k4"), 400, "invalid")
	a.refused(a.ask("POST", "/v1/galleries", `{"name":"`+strings.Repeat("x", 2<<20)+`"}`, key, "k5"), 413, "too_large")
}

// A form that is sent again has another boundary, and is the same; an answer that
// enrolled nobody is not kept.
func TestIdempotentForms(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	send := func(photo, k string) reply {
		return a.form(ann+"/faces", map[string][]string{"photo": {photo}}, nil, key, k)
	}
	first, again := send("10", "k"), send("10", "k")
	if first.Code != 201 || first.Body.String() != again.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("first %d %s, again %d %s", first.Code, first.Body, again.Code, again.Body)
	}
	a.refused(send("11", "k"), 409, "conflict")
	for range 2 {
		w := send("nobody", "n")
		a.refused(w, 422, "no_face")
		if w.Header().Get("Idempotency-Replayed") != "" {
			t.Error("a refusal is given again")
		}
	}
}

// Of many that send the same under one key, one is done.
func TestIdempotencyAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	var group sync.WaitGroup
	answers := make([]string, 8)
	for i := range answers {
		group.Go(func() {
			for range 2000 {
				w := httptest.NewRecorder()
				r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/galleries/g/identities", strings.NewReader(`{"name":"ann"}`))
				r.Header.Set(key, "k")
				a.handler.ServeHTTP(w, r)
				if w.Code != 409 {
					answers[i] = w.Body.String()
					return
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	group.Wait()
	for _, answer := range answers {
		if answer != answers[0] || !strings.Contains(answer, `"ann"`) {
			t.Errorf("answers %q and %q", answer, answers[0])
		}
	}
}

func TestIndexRoutes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	a.faces(ann, "10")
	space := drawnSpace.Name()
	for _, path := range []string{"/v1/spaces", "/v1/indexes", "/v1/models"} {
		a.want(200, "GET", path, nil)
	}
	if w := a.want(200, "POST", "/v1/indexes", fields{"action": "plan", "space": space, "m": 8, "rows": 1000}); w.value("Rows") != 1000.0 || w.value("M") != 8.0 {
		t.Errorf("plan %s", w.Body)
	}
	a.want(200, "POST", "/v1/indexes", fields{"action": "drop", "space": space})
	w := a.want(202, "POST", "/v1/indexes", fields{"space": space})
	at := w.Header().Get("Location")
	if w.text("state") != "running" || w.text("kind") != "build_index" {
		t.Errorf("begun %s", w.Body)
	}
	a.refused(a.ask("POST", "/v1/indexes", fields{"space": space}), 409, "conflict", w.text("id"))
	a.until(at, "progress.phase", "building")
	close(a.stub.hold)
	if w := a.until(at, "state", "done"); w.value("finished") == nil || w.text("result.Space") != space {
		t.Errorf("done %s", w.Body)
	}
	w = a.want(202, "POST", "/v1/recall", fields{"space": space, "seed": 5, "gallery": "g"})
	if w := a.until(w.Header().Get("Location"), "state", "failed"); w.text("error.code") != "not_found" || !strings.Contains(w.text("error.message"), "seed 5") {
		t.Errorf("failed %s", w.Body)
	}
	if w := a.want(200, "GET", "/v1/operations", nil); len(w.list("operations")) != 2 || w.text("operations.0.kind") != "measure_recall" {
		t.Errorf("operations %s", w.Body)
	}
	a.refused(a.ask("GET", "/v1/operations/x", nil), 404, "not_found")
	for _, body := range []fields{
		{}, {"space": space, "action": "mend"}, {"space": space, "metric": "x"}, {"space": space, "rows": -1}, {"space": space, "m": "x"}, {"space": space, "m": 1}, {"space": space, "x": 1},
	} {
		a.refused(a.ask("POST", "/v1/indexes", body), 422, "invalid")
	}
	a.refused(a.ask("POST", "/v1/indexes", fields{"space": "no"}), 404, "not_found")
	a.refused(a.ask("POST", "/v1/recall", fields{"space": space, "probes": 10_001}), 422, "invalid", "probes")
	a.refused(a.ask("POST", "/v1/recall", fields{"space": space, "gallery": "no"}), 404, "not_found")
}

// until asks until a field is what it should be.
func (a *api) until(path, field, want string) reply {
	a.Helper()
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		w := a.want(200, "GET", path, nil)
		if w.text(field) == want {
			return w
		}
		if time.Since(begun) > time.Minute {
			a.Fatalf("%s of %s is not %s", field, w.Body, want)
		}
	}
}

func TestJobRoutes(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.want(202, "POST", "/v1/jobs", fields{"folder": "staff", "gallery": "g", "model": "Drawn"})
	if got := <-a.stub.orders; got != (httpapi.JobOrder{Gallery: "g", Folder: "staff", Choice: httpapi.Choice{Recognizer: "Drawn"}}) {
		t.Errorf("ordered %+v", got)
	}
	if w := a.form("/v1/jobs", map[string][]string{"archive": {"a tar"}}, map[string]string{"detector": "eyes"}); w.Code != 202 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := <-a.stub.orders; got.Folder != "archive of a tar" || got.Gallery != "default" || got.Choice.Detector != "eyes" {
		t.Errorf("ordered %+v", got)
	}
	for _, body := range []fields{{}, {"folder": ""}, {"folder": "x", "path": "y"}, {"folder": 7}, {"folder": "x", "gallery": "a\x00"}, {"archive": "x"}} {
		a.refused(a.ask("POST", "/v1/jobs", body), 422, "invalid")
	}
	if w := a.form("/v1/jobs", map[string][]string{"archive": {"a", "b"}}, nil); w.Code != 422 {
		t.Errorf("two archives give %d", w.Code)
	}
	if w := a.want(200, "GET", "/v1/jobs?state=running&state=done&limit=3", nil); len(w.list("states")) != 2 || w.value("limit") != 3.0 {
		t.Errorf("listed %s", w.Body)
	}
	a.want(200, "GET", "/v1/jobs/7", nil)
	a.want(200, "DELETE", "/v1/jobs/7", nil)
	for _, id := range []string{"8", "x", "99999999999999999999"} {
		a.refused(a.ask("GET", "/v1/jobs/"+id, nil), 404, "not_found")
		a.refused(a.ask("DELETE", "/v1/jobs/"+id, nil), 404, "not_found")
	}
}

func TestNoResourcesNoRoutes(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *httpapi.Config) { c.Resources = httpapi.Resources{} })
	a.refused(a.ask("GET", "/v1/galleries", nil), 404, "not_found")
	if _, err := httpapi.New(httpapi.Config{Store: a.db, Models: drawn{}, Photos: nil, Resources: httpapi.Resources{Store: a.db}}); err == nil {
		t.Error("resources without jobs are taken")
	}
}
