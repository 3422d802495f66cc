package httpapi_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

func TestAddFacesRoute(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, annID := a.person("g", "ann")
	w := a.want(201, "POST", ann+"/faces", fields{"photos": []string{encoded("10 20"), encoded("nobody"), encoded("what"), encoded("-7"), "/etc/passwd"}})
	if w.text("identity") != "ann" || w.text("identity_id") != annID || w.text("results.0.status") != "enrolled" || len(w.list("results.0.faces")) != 1 {
		t.Errorf("enrolled %s", w.Body)
	}
	for i, code := range []string{1: "no_face", 2: "decode_failed", 3: "too_small", 4: "invalid"} {
		if code != "" && (w.text("results."+string(rune('0'+i))+".error.code") != code || w.text("results."+string(rune('0'+i))+".status") != "rejected") {
			t.Errorf("photograph %d: %s", i, w.Body)
		}
	}
	if w := a.want(201, "POST", ann+"/faces", fields{"photo": encoded("10 20")}); w.text("results.0.status") != "present" {
		t.Errorf("again %s", w.Body)
	}
	if w := a.want(201, "POST", ann+"/faces", fields{"photo": encoded("11 12"), "faces": "all"}); len(w.list("results.0.faces")) != 2 {
		t.Errorf("all of two: %s", w.Body)
	}
	a.refused(a.ask("POST", ann+"/faces", fields{"photo": encoded("13 14"), "faces": "reject"}), 422, "several_faces", "2 faces")
	if w := a.want(201, "POST", ann+"/faces", fields{"photo": encoded("-7"), "quality": "any"}); len(w.list("results.0.faces")) != 1 {
		t.Errorf("a small one: %s", w.Body)
	}
	f := a.form(ann+"/faces", map[string][]string{"photos": {"15", "16"}, "photo": {"nobody"}}, map[string]string{"model": "Drawn"})
	if f.Code != 201 || f.text("results.0.error.code") != "no_face" || f.text("results.1.name") != "file0.jpg" || len(f.list("results.2.faces")) != 1 {
		t.Errorf("by form: %d %s", f.Code, f.Body)
	}
	none := a.ask("POST", ann+"/faces", fields{"photos": []string{encoded("nobody"), encoded("what")}})
	a.refused(none, 422, "no_face", "none of 2")
	if len(none.list("error.details.results")) != 2 {
		t.Errorf("none: %s", none.Body)
	}
}

// The quality of a photograph's faces is told whether they are enrolled or not, and
// a request may ask for more of it.
func TestAddFacesQuality(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	w := a.want(201, "POST", ann+"/faces", fields{"photos": []string{encoded("10 11"), encoded("-12"), encoded("nobody")}, "faces": "all", "min_quality": 0.95})
	if q := w.list("results.0.assessed"); len(q) != 1 || len(w.list("results.0.faces")) != 1 || w.value("results.0.assessed.0.quality.score") != 1.0 || w.value("results.0.assessed.0.box.y1") != 200.0 {
		t.Errorf("one of two enrolled: %s", w.Body)
	}
	if w.text("results.1.error.code") != "too_small" || w.value("results.1.assessed.0.quality.score") != 0.05 || w.text("results.1.assessed.0.quality.reasons.0") != "small" {
		t.Errorf("rejected: %s", w.Body)
	}
	if w.text("results.2.error.code") != "no_face" || strings.Contains(w.Body.String(), `"assessed":null`) {
		t.Errorf("no face: %s", w.Body)
	}
	low := a.ask("POST", ann+"/faces", fields{"photo": encoded("-13"), "quality": "any", "min_quality": 0.06})
	a.refused(low, 422, "low_quality", "0.050 (small)")
	if len(low.list("error.details.results.0.assessed")) != 1 {
		t.Errorf("low: %s", low.Body)
	}
}

func TestAddFacesRouteRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	many := slices.Repeat([]string{encoded("10")}, 6)
	for _, c := range []struct {
		body   any
		status int
		code   string
		word   string
	}{
		{fields{}, 422, "invalid", "photos is missing"},
		{fields{"photos": []string{}}, 422, "invalid", "photos is missing"},
		{fields{"photos": many}, 413, "too_large", "at most 5"},
		{fields{"photos": "x"}, 422, "invalid", "list of texts"},
		{fields{"photos": []int{1}}, 422, "invalid", "list of texts"},
		{fields{"photo": encoded("10"), "model": "Other"}, 404, "not_found", "Other"},
		{fields{"photo": encoded("10"), "faces": "some"}, 422, "invalid", "largest"},
		{fields{"photo": encoded("10"), "quality": "good"}, 422, "invalid", "usual"},
		{fields{"photo": encoded("10"), "min_quality": 1.5}, 422, "invalid", "0 to 1"},
		{fields{"photo": encoded("10"), "space": "x"}, 422, "invalid", "space"},
		{fields{"photo": encoded("10"), "identity": "bob"}, 422, "invalid", `"identity"`},
		{fields{"embedding": []int{1}}, 422, "invalid", "space is missing"},
		{fields{"embedding": "x", "space": "x"}, 422, "invalid", "list of numbers"},
		{fields{"embedding": []int{1}, "space": "x"}, 404, "not_found", "space"},
		{fields{"photos": []string{encoded("10"), encoded("broken")}}, 500, "internal", ""},
	} {
		a.refused(a.ask("POST", ann+"/faces", c.body), c.status, c.code, c.word)
	}
	if w := a.want(200, "GET", ann, nil); w.value("faces") != 0.0 {
		t.Errorf("left: %s", w.Body)
	}
}

// Reliability test 28, over HTTP: no vector is stored that cannot be compared.
func TestAddEmbedding(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	a.faces(ann, "10")
	space := drawnSpace.Name()
	w := a.want(201, "POST", ann+"/faces", fields{"embedding": drawnVector(11), "space": space})
	if w.text("results.0.faces.0.detector") != "import" || w.value("results.0.faces.0.box.x2") != 1.0 {
		t.Errorf("enrolled %s", w.Body)
	}
	for _, c := range []struct {
		body   string
		status int
		code   string
	}{
		{`[1,2,3]`, 409, "mismatch"}, {`[0,0,0,0,0,0,0,0]`, 422, "invalid"}, {`[2,0,0,0,0,0,0,0]`, 422, "invalid"},
		{`[1e39,0,0,0,0,0,0,0]`, 422, "invalid"}, {`[null,0,0,0,0,0,0,1]`, 422, "invalid"}, {`["1",0,0,0,0,0,0,1]`, 422, "invalid"},
		{`[NaN,0,0,0,0,0,0,1]`, 400, "invalid"}, {`[]`, 409, "mismatch"},
	} {
		a.refused(a.ask("POST", ann+"/faces", `{"space":"`+space+`","embedding":`+c.body+`}`), c.status, c.code)
	}
	if w := a.want(200, "GET", ann, nil); w.value("faces") != 2.0 {
		t.Errorf("there are %s", w.Body)
	}
}

func TestFaceRoutes(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *httpapi.Config) { c.Resources.Crops = stub{} })
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	bob, bobID := a.person("g", "bob")
	ids := a.faces(ann, "10", "11", "12")
	w := a.want(200, "GET", ann+"/faces?limit=2", nil)
	rest := a.want(200, "GET", ann+"/faces?limit=2&cursor="+w.text("next_cursor"), nil)
	if len(w.list("faces")) != 2 || len(rest.list("faces")) != 1 || rest.text("faces.0.id") != ids[2] {
		t.Errorf("listed %s and %s", w.Body, rest.Body)
	}
	at := "/v1/faces/" + ids[0]
	w = a.want(200, "GET", at, nil)
	if w.text("identity") != "ann" || w.text("gallery") != "g" || w.text("spaces.0") != drawnSpace.Name() || w.text("detector") != "eyes" || w.value("crop") != true {
		t.Errorf("the face is %s", w.Body)
	}
	if w.value("attributes.age.years") != 33.5 || w.text("attributes.gender.dominant") != "Woman" || w.text("attributes.gender.model") != "genders" {
		t.Errorf("its attributes are %s", w.Body)
	}
	if w := a.want(200, "GET", at+"/crop", nil); w.Body.String() != "a picture" || w.Header().Get("Content-Type") != "image/jpeg" || w.Header().Get("Cache-Control") != "private, no-store" {
		t.Errorf("its picture is %q", w.Body)
	}
	if w := a.want(200, "PATCH", at, fields{"identity": "bob"}); w.text("identity_id") != bobID {
		t.Errorf("moved %s", w.Body)
	}
	if w := a.want(200, "GET", bob, nil); w.value("faces") != 1.0 || w.value("images") != 1.0 {
		t.Errorf("bob is %s", w.Body)
	}
	if w := a.want(200, "PATCH", at, `{"identity":null}`); w.value("identity") != nil {
		t.Errorf("nobody's: %s", w.Body)
	}
	a.refused(a.ask("PATCH", at, fields{"identity": "cem"}), 404, "not_found", `"cem"`)
	for _, body := range []string{`{}`, `{"identity":7}`, `{"identity":""}`, `{"identity":"a\u0000"}`, `{"identity":"bob","box":1}`} {
		a.refused(a.ask("PATCH", at, body), 422, "invalid")
	}
	a.want(204, "DELETE", at, nil)
	for _, path := range []string{at, at + "/crop", "/v1/faces/x"} {
		a.refused(a.ask("GET", path, nil), 404, "not_found")
	}
	a.refused(a.ask("DELETE", at, nil), 404, "not_found")
	a.refused(a.ask("PATCH", at, fields{"identity": "bob"}), 404, "not_found")
}

func TestCropsAreNotKeptUnasked(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	a.refused(a.ask("GET", "/v1/faces/"+a.faces(ann, "10")[0]+"/crop", nil), 404, "not_found", "--keep-crops")
}

func TestSearchRoute(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	bob, _ := a.person("g", "bob")
	annFaces := a.faces(ann, "10", "11")
	a.faces(bob, "20", "21")
	const at = "/v1/galleries/g/search"
	w := a.want(200, "POST", at, fields{"photo": encoded("12")})
	if w.text("results.0.0.identity") != "ann" || w.text("results.0.0.decision") != "match" || w.text("probes.0.identity") != "ann" ||
		w.text("search.plan") != "exact" || w.value("search.complete") != true || w.text("search.detector") != "eyes" || len(w.list("results.0")) != 4 {
		t.Errorf("found %s", w.Body)
	}
	for _, body := range []fields{
		{"photos": []string{encoded("12 22")}, "k": 1, "by": "identity", "top": 2}, {"photos": []string{encoded("12"), encoded("22")}, "k": 1, "by": "identity", "top": 2},
	} {
		w := a.want(200, "POST", at, body)
		if len(w.list("results")) != 2 || w.text("results.0.0.identity") != "ann" || w.text("results.1.0.identity") != "bob" || w.value("results.1.0.templates") != 2.0 {
			t.Errorf("%v finds %s", body, w.Body)
		}
	}
	w = a.want(200, "POST", at, fields{"photos": []string{encoded("12"), encoded("11")}, "same_person": true})
	if len(w.list("results")) != 1 || len(w.list("probes")) != 1 || w.text("results.0.0.identity") != "ann" {
		t.Errorf("several of one person %s", w.Body)
	}
	space := drawnSpace.Name()
	for _, body := range []fields{
		{"embedding": drawnVector(10), "space": space}, {"face_id": annFaces[0]}, {"face_id": annFaces[0], "space": space, "metric": "angular", "exact": true, "min_recall": 1},
	} {
		if w := a.want(200, "POST", at, body); w.text("results.0.0.face_id") != annFaces[0] || w.value("results.0.0.distance").(float64) > 1e-6 {
			t.Errorf("%v finds %s", body, w.Body)
		}
	}
	w = a.want(200, "POST", at, fields{"photo": encoded("12"), "filter": fields{"not_identities": []string{"ann"}}, "threshold": 0.00001})
	if len(w.list("results.0")) != 2 || w.text("results.0.0.identity") != "bob" || w.text("results.0.0.decision") != "unknown" || w.text("search.threshold_source") != "the caller" {
		t.Errorf("without ann %s", w.Body)
	}
	f := a.form(at, map[string][]string{"photo": {"12"}}, map[string]string{"k": "1", "filter": `{"identities":["bob"]}`, "exact": "TRUE"})
	if f.Code != 200 || f.text("results.0.0.identity") != "bob" {
		t.Errorf("by form %s", f.Body)
	}
}

func TestSearchRouteRefused(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	id := a.faces(ann, "10")[0]
	with := func(name string, value any) fields { return fields{"photo": encoded("12"), name: value} }
	for _, c := range []struct {
		body   any
		status int
		code   string
		word   string
	}{
		{fields{}, 422, "invalid", "send one of"},
		{fields{"photo": encoded("1"), "face_id": id}, 422, "invalid", "send one of"},
		{with("k", 0), 422, "invalid", "1 to 10000"}, {with("k", 10_001), 422, "invalid", "1 to 10000"}, {with("k", "1;drop"), 422, "invalid", "k must"},
		{with("k", 1.5), 422, "invalid", "k must"}, {with("metric", "manhattan"), 422, "invalid", "cosine"},
		{with("by", "age"), 422, "invalid", "identity"}, {with("top", 3), 422, "invalid", "rows by identity"}, {with("top", -1), 422, "invalid", "top"},
		{with("min_recall", 2), 422, "invalid", "recall"}, {with("threshold", -1), 422, "invalid", "threshold"}, {with("threshold", "NaN"), 422, "invalid", "threshold"},
		{with("exact", "perhaps"), 422, "invalid", "exact"}, {with("filter", "x"), 422, "invalid", "filter"},
		{with("filter", fields{"identity": []string{"ann"}}), 422, "invalid", "filter"}, {with("filter", fields{"where": []int{1}}), 422, "invalid", "JSON object"},
		{with("filter", fields{"where": fields{"a\x00": 1}}), 422, "invalid", ""}, {with("filter", fields{"identities": []string{"a\x00"}}), 404, "not_found", ""},
		{with("filter", fields{"identities": []string{"nobody"}}), 404, "not_found", "nobody"}, {with("kk", 1), 422, "invalid", `"kk"`},
		{fields{"photo": encoded("nobody")}, 422, "no_face", ""}, {fields{"photo": "/etc/passwd"}, 422, "invalid", ""},
		{fields{"face_id": ann}, 404, "not_found", ""}, {fields{"face_id": id, "space": "no"}, 404, "not_found", "space"},
		{fields{"embedding": []float64{1, 2}, "space": drawnSpace.Name()}, 409, "mismatch", "2 components"},
	} {
		a.refused(a.ask("POST", "/v1/galleries/g/search", c.body), c.status, c.code, c.word)
	}
	a.refused(a.ask("POST", "/v1/galleries/no/search", fields{"photo": encoded("12")}), 404, "not_found", `"no"`)
	a.refused(a.ask("POST", "/v1/galleries/g/search", with("filter", fields{"not_identities": make([]string, 1_001)})), 413, "too_large", "1001 names")
	a.refused(a.ask("POST", "/v1/galleries/g/search", fields{"photo": encoded("12 22 32"), "k": 10_000}), 413, "too_large", "for 3 faces")
}

func TestVerifyIdentity(t *testing.T) {
	t.Parallel()
	a := newAPI(t)
	a.gallery("g")
	ann, annID := a.person("g", "ann")
	bob, _ := a.person("g", "bob")
	ids := a.faces(ann, "10", "11", "12")
	w := a.want(200, "POST", ann+"/verify", fields{"photo": encoded("10"), "top": 2})
	best, mean := w.value("best").(float64), w.value("distance").(float64)
	if w.value("verified") != true || w.text("face_id") != ids[0] || best > 1e-6 || mean <= best || w.value("templates") != 3.0 || w.value("top") != 2.0 || w.text("identity_id") != annID {
		t.Errorf("verified %s", w.Body)
	}
	one := a.want(200, "POST", ann+"/verify", fields{"embedding": drawnVector(10), "space": drawnSpace.Name()})
	if math.Abs(one.value("distance").(float64)) > 1e-6 || one.value("top") != 1.0 {
		t.Errorf("by embedding %s", one.Body)
	}
	if w := a.want(200, "POST", ann+"/verify", fields{"photo": encoded("20 13"), "top": 99}); w.value("verified") != true || w.value("top") != 3.0 {
		t.Errorf("the second of two faces: %s", w.Body)
	}
	if w := a.want(200, "POST", ann+"/verify", fields{"photo": encoded("20"), "metric": "euclidean_l2"}); w.value("verified") != false {
		t.Errorf("another's: %s", w.Body)
	}
	a.refused(a.ask("POST", bob+"/verify", fields{"photo": encoded("20")}), 404, "not_found", `"bob"`, "no template")
	a.refused(a.ask("POST", ann+"/verify", fields{"photo": encoded("20"), "k": 3}), 422, "invalid", `"k"`)
	a.refused(a.ask("POST", ann+"/verify", fields{"photo": encoded("20"), "top": 0}), 422, "invalid", "top")
}

// Reliability test 34: who is erased is in no search that begins afterwards, whatever
// else goes on, and no row remembers them.
func TestErasedIsGone(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *httpapi.Config) { c.Resources.Crops = stub{} })
	a.gallery("g")
	bob, _ := a.person("g", "bob")
	a.faces(bob, "20")
	ann, annID := a.person("g", "ann")
	a.faces(ann, "10", "11")
	var group sync.WaitGroup
	stop := make(chan struct{})
	for i := range 3 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if i == 0 { // an enrolment for whom it concerns
					if w := a.ask("POST", ann+"/faces", fields{"photo": encoded("12")}); w.Code != 201 && w.Code != 404 {
						t.Errorf("enrolment during the erasure gives %d %s", w.Code, w.Body)
					}
					continue
				}
				if w := a.ask("POST", "/v1/galleries/g/search", fields{"photo": encoded("13")}); w.Code != 200 {
					t.Errorf("search during the erasure gives %d %s", w.Code, w.Body)
				}
			}
		})
	}
	a.want(204, "DELETE", ann, nil)
	for range 20 {
		w := a.want(200, "POST", "/v1/galleries/g/search", fields{"photo": encoded("13")})
		if strings.Contains(w.Body.String(), `"ann"`) {
			t.Fatalf("after the erasure a search finds %s", w.Body)
		}
	}
	close(stop)
	group.Wait()
	if w := a.want(200, "GET", "/v1/galleries/g", nil); w.value("identities") != 1.0 || w.value("faces") != 1.0 || w.value("images") != 1.0 {
		t.Errorf("afterwards there is %s", w.Body)
	}
	if _, err := a.db.IdentityByID(t.Context(), "g", annID); face.CodeOf(err) != face.NotFound {
		t.Errorf("the identity: %v", err)
	}
}

// Reliability test 31: many more searches at once than the database has connections
// for are all answered, where so many may wait.
func TestManySearchesAtOnce(t *testing.T) {
	t.Parallel()
	a := newAPI(t, func(c *httpapi.Config) { c.MaxWaiting, c.MaxWait = 1000, time.Minute })
	a.gallery("g")
	ann, _ := a.person("g", "ann")
	a.faces(ann, "10")
	var group sync.WaitGroup
	for range 1000 {
		group.Go(func() {
			if w := a.ask("POST", "/v1/galleries/g/search", fields{"embedding": drawnVector(10), "space": drawnSpace.Name()}); w.Code != 200 {
				t.Errorf("a search gives %d %s", w.Code, w.Body)
			}
		})
	}
	group.Wait()
}
