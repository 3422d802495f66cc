package main

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
)

// What is no photograph, or a bad one, has a status and a code of its own
// (reliability tests 6, 7, 10, 11 and 20).
func TestHTTPBadPhotographs(t *testing.T) {
	t.Parallel()
	s, good, jpg := newService(t, builtInModels), encoded(t, drawn(1, 80)), asJPEG(t, drawn(1, 80))
	grey := image.NewGray(image.Rect(0, 0, 80, 80))
	for name, c := range map[string]struct {
		data   []byte
		status int
		code   face.Code
	}{
		"a face":               {good, 200, ""},
		"cut short":            {jpg[:len(jpg)/2], 422, face.Undecodable},
		"cut short, PNG":       {good[:len(good)/2], 422, face.Undecodable},
		"a bomb":               {bomb(t, 30_000), 413, face.TooLarge},
		"no bytes":             {nil, 422, face.Empty},
		"text":                 {[]byte("no picture"), 415, face.Unsupported},
		"SVG":                  {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), 415, face.Unsupported},
		"a page and a picture": {append([]byte("<!DOCTYPE html><img src='"), jpg...), 415, face.Unsupported},
		"no face":              {encoded(t, grey), 422, face.NoFace},
		"a face, then none":    {animated(encoded(t, copied(drawn(1, 80), image.NewGray(grey.Rect))), encoded(t, grey)), 200, ""},
		"none, then a face":    {animated(encoded(t, grey), encoded(t, copied(drawn(1, 80), image.NewGray(grey.Rect)))), 422, face.NoFace},
	} {
		for route, field := range map[string]string{"/represent": "img", "/extract": "img", "/register": "img"} {
			r := s.form(route, map[string]string{"img_name": name}, map[string][][]byte{field: {c.data}})
			if r.status != c.status || c.code != "" && r.body["code"] != string(c.code) {
				t.Errorf("%s to %s: %d %.300s, want %d %s", name, route, r.status, r.text, c.status, c.code)
			}
		}
	}
	anyway := s.form("/represent", map[string]string{"enforce_detection": "false"}, map[string][][]byte{"img": {encoded(t, grey)}})
	if anyway.status != 422 && items(t, anyway.body["results"])[0].(map[string]any)["face_confidence"] != 0.0 {
		t.Errorf("a photograph without a face, taken for one: %d %s", anyway.status, anyway.text)
	}
	people, err := s.db.Identities(t.Context(), face.DefaultGallery)
	if err != nil || len(people) != 2 {
		t.Errorf("enrolled are %+v, %v", people, err)
	}
}

// Turned photographs and those in other models of colours are the same face
// (reliability tests 8 and 9).
func TestHTTPTurnedAndColoured(t *testing.T) {
	t.Parallel()
	s, picture := newService(t, builtInModels), beside(drawn(1, 160), image.NewRGBA(image.Rect(0, 0, 90, 160)))
	original := encoded(t, picture)
	others := map[string][]byte{"16 bits": encoded(t, copied(picture, image.NewRGBA64(picture.Rect)))}
	for o := 1; o <= 8; o++ {
		plain := encoded(t, stored(picture, o))
		others[fmt.Sprint("turned ", o)] = slices.Concat(plain[:pngHead], pngChunk("eXIf", exif(o)), plain[pngHead:])
	}
	for name, data := range others {
		r := s.form("/verify", nil, map[string][][]byte{"img1": {original}, "img2": {data}})
		if r.status != http.StatusOK || r.body["distance"].(float64) > 0.01 {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
}

// Names come back as they were sent (reliability test 17).
func TestHTTPStrangeNames(t *testing.T) {
	t.Parallel()
	s, data := newService(t, builtInModels), inBase64(encoded(t, drawn(1, 80)))
	for sent, kept := range map[string]string{
		"Zo\u00eb": "Zo\u00eb", "Zoe\u0308": "Zoe\u0308", "🙂 顔": "🙂 顔", "a\nb/../c": "a\nb/../c", "'; DROP TABLE visage.faces; --": "'; DROP TABLE visage.faces; --",
		"\xff\x00a": `\xff\x00a`, strings.Repeat("n", 1024): strings.Repeat("n", 1024),
	} {
		if r := s.urlencoded("/register", map[string]string{"img": "data:;base64," + data, "img_name": sent, "gallery": sent}); r.status != http.StatusOK {
			t.Errorf("register %.40q: %d %.300s", sent, r.status, r.text)
			continue
		}
		r := s.urlencoded("/find", map[string]string{"img": "data:;base64," + data, "gallery": sent})
		if r.status != http.StatusOK {
			t.Errorf("find %.40q: %d %.300s", sent, r.status, r.text)
			continue
		}
		if one := items(t, items(t, r.body["results"])[0])[0].(map[string]any); one["identity"] != kept {
			t.Errorf("%.40q comes back as %.40q", sent, one["identity"])
		}
	}
	if r := s.json("/register", map[string]any{"img": data, "img_name": strings.Repeat("n", 1025)}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a name that is too long: %d %.300s", r.status, r.text)
	}
}

// No path is ever read, and whether there is such a file makes no difference
// (reliability test 25).
func TestHTTPReadsNoPaths(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels)
	real := sampleDir(t) + "/sample-01.jpg"
	var first string
	for _, path := range []string{real, real + "x", "/etc/passwd", "/etc/passwx", "../../etc/passwd", "etc", "a\x00b", "-", "file:///etc/passwd", "http://127.0.0.1/a.jpg"} {
		r := s.json("/represent", map[string]any{"img": path})
		if r.status != http.StatusBadRequest || r.body["code"] != "invalid" {
			t.Errorf("%q: %d %s", path, r.status, r.text)
		}
		if message := fmt.Sprint(r.body["error"]); path == real {
			first = message
		} else if path == real+"x" && message != first {
			t.Errorf("a file that is there: %s; one that is not: %s", first, message)
		}
	}
}

// What is sent as a name or a number never becomes part of a statement
// (reliability test 27).
func TestHTTPInjection(t *testing.T) {
	t.Parallel()
	s, data := newService(t, builtInModels), inBase64(encoded(t, drawn(1, 80)))
	s.good("/register", map[string]any{"img": data, "img_name": "ann"})
	for _, evil := range []string{"1;drop table visage.faces", "' OR '1'='1", `"; DROP SCHEMA visage CASCADE; --`, "$1", "\\", "1e3", "0x10", "NaN"} {
		for _, field := range []string{"k", "distance_metric", "search_method", "threshold", "max_faces", "expand_percentage", "model_name", "detector_backend",
			"normalization", "gallery", "identities", "where", "by", "top", "min_recall", "align", "exact"} {
			route := "/find"
			if field == "search_method" {
				route = "/search"
			}
			r := s.json(route, map[string]any{"img": data, field: evil})
			taken := r.status == http.StatusOK && field == "threshold" && evil == "1e3" || r.status == http.StatusOK && field == "search_method" && route == "/find"
			if !taken && r.status != http.StatusNotFound && r.status != http.StatusUnprocessableEntity {
				t.Errorf("%s %q: %d %.300s", field, evil, r.status, r.text)
			}
		}
	}
	if one := items(t, items(t, s.good("/find", map[string]any{"img": data})["results"])[0])[0].(map[string]any); one["identity"] != "ann" {
		t.Errorf("afterwards %v", one)
	}
}

// Numbers that are no template are refused before any statement (reliability test
// 28).
func TestHTTPBadTemplates(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels)
	zeros, one := make([]float64, 2891), make([]float64, 2891)
	one[0] = 1
	tiny := slices.Clone(one)
	tiny[0] = 1e-40
	s.good("/register", map[string]any{"img": inBase64(encoded(t, drawn(1, 80)))})
	for name, vector := range map[string]any{"zero": zeros, "denormal": tiny, "short": one[1:], "long": append(slices.Clone(one), 0), "none": []float64{}, "nulls": []any{nil}} {
		for _, route := range []string{"/search", "/find"} {
			if r := s.json(route, map[string]any{"img": vector}); r.status != http.StatusUnprocessableEntity {
				t.Errorf("%s to %s: %d %.300s", name, route, r.status, r.text)
			}
		}
		if r := s.json("/verify", map[string]any{"img1": vector, "img2": one}); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s to /verify: %d %.300s", name, r.status, r.text)
		}
	}
	for _, number := range []string{"NaN", "Infinity", "-Infinity"} {
		text, err := json.Marshal(one[1:])
		if err != nil {
			t.Fatal(err)
		}
		list := "[" + number + "," + string(text[1:])
		if r := s.send(http.MethodPost, "/search", "application/json", strings.NewReader(`{"img":`+list+`}`)); r.status != http.StatusBadRequest {
			t.Errorf("%s, which is no JSON: %d %.300s", number, r.status, r.text)
		}
		if r := s.urlencoded("/search", map[string]string{"img": list}); r.status != http.StatusUnprocessableEntity {
			t.Errorf("%s in a form: %d %.300s", number, r.status, r.text)
		}
	}
	s.good("/find", map[string]any{"img": one})
}

// otherWeights are models whose weights have changed under their name.
type otherWeights struct{ httpapi.Models }

type otherSpace struct{ httpapi.Embedder }

func (o otherWeights) Lend(ctx context.Context, c httpapi.Choice) (httpapi.Embedder, func(), error) {
	e, giveBack, err := o.Models.Lend(ctx, c)
	return otherSpace{e}, giveBack, err
}

func (o otherSpace) Space() face.Space {
	space := o.Embedder.Space()
	space.Weights = strings.Repeat("0123456789abcdef", 4)
	return space
}

// Templates of other weights under the same name are never compared with what was
// enrolled before (reliability test 30).
func TestHTTPOtherWeightsAreAnotherSpace(t *testing.T) {
	t.Parallel()
	s := newService(t, builtInModels, func(c *httpapi.Config) { c.Models = otherWeights{c.Models} })
	ctx, space := t.Context(), otherSpace{mustEmbedder(t, s.models)}.Space()
	first, vector := space, make([]float32, space.Dim)
	first.Weights, vector[0] = strings.Repeat("f", 64), 1
	err := s.db.Enrol(ctx, face.DefaultGallery, []face.Enrolment{{
		Image: face.Image{Path: "/ann.jpg", Identity: "ann"}, Space: first, Detector: "opencv",
		Templates: []face.Template{{Space: first, Vector: vector, Detection: face.Detection{Box: face.Box{X2: 9, Y2: 9}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.json("/find", map[string]any{"img": vector}); r.status != http.StatusNotFound || !strings.Contains(r.text, space.Name()) {
		t.Errorf("a space in which nothing is enrolled: %d %s", r.status, r.text)
	}
	if err := s.db.EnsureSpace(ctx, space); err != nil {
		t.Fatal(err)
	}
	if found := items(t, items(t, s.good("/find", map[string]any{"img": vector})["results"])[0]); len(found) != 0 {
		t.Errorf("found across spaces: %v", found)
	}
}

func mustEmbedder(t *testing.T, l *lender) httpapi.Embedder {
	t.Helper()
	e, giveBack := l.mustLend(t, httpapi.Choice{})
	giveBack()
	return e
}

// A caller who goes away ends the search in the database (reliability test 32).
func TestHTTPSearchEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	s, data := newService(t, builtInModels), inBase64(encoded(t, drawn(1, 80)))
	s.good("/register", map[string]any{"img": data, "img_name": "ann"})
	conn, waiting := lockedFaces(t, s.dsn)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.do(ctx, http.MethodPost, "/find", "application/json", strings.NewReader(`{"img":"`+data+`"}`))
		ended <- err
	}()
	waiting(true)
	cancel()
	if err := <-ended; err == nil {
		t.Error("an answer, though the caller went away")
	}
	waiting(false)
	if _, err := conn.Exec(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	s.good("/find", map[string]any{"img": data})
}

// lockedFaces keeps every search of a database waiting until the connection rolls
// back, and gives a function that waits until a search does, or none.
func lockedFaces(t *testing.T, url string) (conn *pgx.Conn, waiting func(bool)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // the server may be gone
	if _, err := conn.Exec(t.Context(), `BEGIN; LOCK TABLE visage.faces IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	return conn, func(want bool) {
		t.Helper()
		const query = `SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			var got bool
			if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got == want {
				return
			}
		}
		t.Fatalf("a search that waits: never %v", want)
	}
}

// Files of forms that are too long for memory do not stay behind. The test changes
// the process's folder for such files, so that it runs alone.
func TestHTTPFormsLeaveNoFiles(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := newService(t, builtInModels)
	if r := s.form("/represent", nil, map[string][][]byte{"img": {make([]byte, 40<<20)}}); r.status != http.StatusUnsupportedMediaType {
		t.Errorf("%d %s", r.status, r.text)
	}
	if left, err := os.ReadDir(dir); err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "multipart-") }) {
		t.Errorf("left are %v, %v", left, err)
	}
}
