package httpapi_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/httpapi/apitest"
	"github.com/visagedb/visage/internal/photo"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

var _ httpapi.ResourceStore = (*postgres.DB)(nil)

// drawnSpace is where the templates of drawn faces live.
var drawnSpace = face.Space{Recognizer: "Drawn", Weights: strings.Repeat("ab", 32), Profile: face.Native, Dim: 8, Unit: true}

// drawn reads photographs that are texts: a number for each face, or what is wrong.
// Faces whose numbers have the same tens are the same person's, and those of 900 and more
// are pictures of faces.
type drawn struct{}

func (drawn) Lend(_ context.Context, c httpapi.Choice) (httpapi.Embedder, func(), error) {
	if c.Recognizer != "" && c.Recognizer != "Drawn" {
		return nil, nil, face.Errorf(face.NotFound, "unknown model %q", c.Recognizer)
	}
	return drawn{}, func() {}, nil
}

func (drawn) LendCutter(context.Context, httpapi.Choice) (httpapi.Cutter, func(), error) {
	return nil, nil, face.Errorf(face.Unavailable, "drawn faces are not cut out")
}

func (d drawn) FacesFed(ctx context.Context, data []byte, want httpapi.Wanted) (face.Photo, httpapi.Fed, error) {
	seen, err := d.Faces(ctx, data, want)
	return seen, httpapi.Fed{}, err
}

func (drawn) Range() (ends [2]float64, ok bool) { return ends, false }

func (drawn) Space() face.Space  { return drawnSpace }
func (drawn) Recognizer() string { return "Drawn" }
func (drawn) Detector() string   { return "eyes" }
func (drawn) Thresholds() face.Thresholds {
	return face.Thresholds{{Metric: face.Cosine, Distance: 0.1, Source: "the test"}}
}

func (drawn) Faces(_ context.Context, data []byte, want httpapi.Wanted) (face.Photo, error) {
	seen := face.Photo{Width: 640, Height: 480}
	for i, word := range strings.Fields(string(data)) {
		n, err := strconv.Atoi(word)
		switch {
		case word == "nobody":
			return seen, face.Errorf(face.NoFace, "no face")
		case word == "broken":
			return seen, face.Errorf(face.Internal, "the network broke")
		case err != nil:
			return seen, face.Errorf(face.Undecodable, "cannot be decoded")
		}
		side := float32(100 - 10*i)
		if n < 0 {
			side = 5
		}
		at := float32(n%100 + 100*i)
		seen.Templates = append(seen.Templates, face.Template{
			Space: drawnSpace, Vector: drawnVector(n), Measures: face.Measures{Side: float64(side), Sharpness: 0.5, Quality: drawnQuality(side)},
			Detection: face.Detection{Box: face.Box{X1: at, Y1: 200, X2: at + side, Y2: 200 + side}, Confidence: 0.9},
			Attributes: map[face.Attribute]face.Estimate{
				face.Age: {Years: 33.5, Model: "ages"}, face.Gender: {Dominant: "Woman", Percent: map[string]float64{"Woman": 75, "Man": 25}, Model: "genders"},
			},
		})
		if want.Liveness {
			seen.Templates[i].Measures.Liveness = &face.Liveness{Real: n < 900, Score: 0.5 + 0.4*float64(min(1, max(-1, 900-n)))}
		}
	}
	return seen, nil
}

// drawnQuality is better the larger the face is.
func drawnQuality(side float32) face.Quality {
	return face.Quality{
		Score: float64(side) / 100, Parts: face.QualityParts{Size: float64(side) / 100, Sharpness: 1, Brightness: 1, Contrast: 1},
		Reasons: []face.QualityReason{face.FewPixels},
	}
}

// drawnVector is a direction of the person's, with a little of the photograph's.
func drawnVector(n int) []float32 {
	person, picture := rand.New(rand.NewPCG(uint64(n/10), 1)), rand.New(rand.NewPCG(uint64(n), 2))
	v, sum := make([]float32, drawnSpace.Dim), 0.0
	for i := range v {
		v[i] = float32(person.NormFloat64() + 0.05*picture.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// stub is what the routes need besides the database.
type stub struct {
	orders chan httpapi.JobOrder
	hold   chan struct{} // closed to let builds end
}

func (stub) Models(context.Context) (any, error)            { return []string{"Drawn"}, nil }
func (stub) Thresholds(face.Space) (face.Thresholds, error) { return drawn{}.Thresholds(), nil }
func (stub) SpaceIndexes(context.Context) (any, error)      { return []string{}, nil }
func (stub) PlanIndex(_ context.Context, o httpapi.IndexOrder) (any, error) {
	if o.M == 1 {
		return nil, face.Errorf(face.Invalid, "m 1: use 2 to 100")
	}
	return o, nil
}
func (stub) DropIndex(_ context.Context, o httpapi.IndexOrder) (any, error) { return o, nil }
func (s stub) BuildIndex(ctx context.Context, o httpapi.IndexOrder, tell func(httpapi.Progress)) (any, error) {
	tell(httpapi.Progress{Phase: "building", Done: 1, Total: 2})
	select {
	case <-s.hold:
		return o, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
func (stub) MeasureRecall(_ context.Context, o httpapi.RecallOrder, _ func(httpapi.Progress)) (any, error) {
	return nil, face.Errorf(face.NotFound, "there is nothing to find with seed %d", o.Seed)
}
func (s stub) Enqueue(_ context.Context, o httpapi.JobOrder) (any, error) {
	if o.Archive != nil {
		text, err := io.ReadAll(o.Archive)
		if err != nil {
			return nil, err
		}
		o.Folder, o.Archive = "archive of "+string(text), nil
	}
	s.orders <- o
	return map[string]any{"jobs": 1}, nil
}
func (stub) Jobs(_ context.Context, states []string, limit int) (any, error) {
	return map[string]any{"states": states, "limit": limit}, nil
}
func (stub) Job(_ context.Context, id int64) (any, error) {
	if id != 7 {
		return nil, face.Errorf(face.NotFound, "there is no job %d", id)
	}
	return map[string]any{"id": id}, nil
}
func (s stub) CancelJob(ctx context.Context, id int64) (any, error) { return s.Job(ctx, id) }

func (stub) Crops(_ context.Context, _ []byte, boxes []face.Box) ([][]byte, error) {
	crops := make([][]byte, len(boxes))
	for i := range crops {
		crops[i] = []byte("a picture")
	}
	return crops, nil
}

// api is a server with a database of its own.
type api struct {
	*testing.T
	handler http.Handler
	db      *postgres.DB
	stub    stub
}

func newAPI(t *testing.T, change ...func(*httpapi.Config)) *api {
	t.Helper()
	photos, err := photo.New(photo.Config{Kinds: []photo.Kind{photo.Inline}})
	if err != nil {
		t.Fatal(err)
	}
	a := &api{T: t, db: pgtest.New(t), stub: stub{orders: make(chan httpapi.JobOrder, 10), hold: make(chan struct{})}}
	cfg := httpapi.Config{
		Store: a.db, Models: drawn{}, Photos: photos, MaxBody: 1 << 20,
		Resources: httpapi.Resources{Store: a.db, Catalog: a.stub, Jobs: a.stub, Indexes: a.stub}, MaxPhotos: 5,
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := httpapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a.handler = s.Handler()
	return a
}

// reply is an answer.
type reply struct {
	*httptest.ResponseRecorder
	t *testing.T
}

// object reads the answer, and value one of its fields, by names with dots between.
func (r reply) object() map[string]any {
	r.t.Helper()
	var object map[string]any
	if err := json.Unmarshal(r.Body.Bytes(), &object); err != nil {
		r.t.Fatalf("%v in %d %q", err, r.Code, r.Body)
	}
	return object
}

func (r reply) value(path string) any {
	r.t.Helper()
	var at any = r.object()
	for _, name := range strings.Split(path, ".") {
		switch of := at.(type) {
		case map[string]any:
			at = of[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(of) {
				r.t.Fatalf("no %s in %s", path, r.Body)
			}
			at = of[i]
		default:
			r.t.Fatalf("no %s in %s", path, r.Body)
		}
	}
	return at
}

func (r reply) text(path string) string {
	r.t.Helper()
	text, ok := r.value(path).(string)
	if !ok {
		r.t.Fatalf("%s is no text in %s", path, r.Body)
	}
	return text
}

func (r reply) list(path string) []any {
	r.t.Helper()
	list, ok := r.value(path).([]any)
	if !ok {
		r.t.Fatalf("%s is no list in %s", path, r.Body)
	}
	return list
}

func (a *api) send(r *http.Request) reply {
	a.Helper()
	w := reply{httptest.NewRecorder(), a.T}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		a.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	a.handler.ServeHTTP(w, r.WithContext(a.Context()))
	if w.Code >= 400 || !answersOfStub.MatchString(r.URL.Path) {
		httpapi.Conforms(a.T, apitest.Exchange{
			Method: r.Method, Target: r.RequestURI, Sent: r.Header, Body: body, Status: w.Code, Header: w.Header(), Answer: w.Body.Bytes(),
		})
	}
	return w
}

// answersOfStub are routes whose answers are the stub's. Those of the true program are
// checked in cmd/visage.
var answersOfStub = regexp.MustCompile(`^/v1/(models|spaces|indexes|recall|operations|jobs)`)

// ask sends a body, JSON where it is no text, with headers as names and values in
// turn.
func (a *api) ask(method, path string, body any, headers ...string) reply {
	a.Helper()
	text, isText := body.(string)
	if !isText && body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			a.Fatal(err)
		}
		text = string(encoded)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return a.send(r)
}

// want asks and checks the status.
func (a *api) want(status int, method, path string, body any, headers ...string) reply {
	a.Helper()
	w := a.ask(method, path, body, headers...)
	if w.Code != status {
		a.Fatalf("%s %s %v gives %d %s, want %d", method, path, body, w.Code, w.Body, status)
	}
	return w
}

// refused checks an error's status, code and words.
func (a *api) refused(w reply, status int, code string, words ...string) {
	a.Helper()
	if w.Code != status {
		a.Errorf("status %d %s, want %d", w.Code, w.Body, status)
		return
	}
	if got := w.text("error.code"); got != code || w.text("request_id") == "" {
		a.Errorf("error %s, want code %s and a request id", w.Body, code)
	}
	for _, word := range words {
		if !strings.Contains(w.text("error.message"), word) {
			a.Errorf("error %s does not say %q", w.Body, word)
		}
	}
}

// form sends files and values.
func (a *api) form(path string, files map[string][]string, values map[string]string, headers ...string) reply {
	a.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for field, contents := range files {
		for i, content := range contents {
			part, err := w.CreateFormFile(field, "file"+strconv.Itoa(i)+".jpg")
			if err == nil {
				_, err = part.Write([]byte(content))
			}
			if err != nil {
				a.Fatal(err)
			}
		}
	}
	for name, value := range values {
		if err := w.WriteField(name, value); err != nil {
			a.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		a.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return a.send(r)
}

// encoded is a photograph as JSON has it.
func encoded(content string) string {
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString([]byte(content))
}

type fields map[string]any

// with are the fields and one more.
func (f fields) with(name string, value any) fields {
	more := maps.Clone(f)
	more[name] = value
	return more
}

// gallery makes one, person an identity, whose path it returns; faces enrols
// photographs and returns the faces' ids.
func (a *api) gallery(name string) {
	a.Helper()
	a.want(201, "POST", "/v1/galleries", fields{"name": name})
}

func (a *api) person(gallery, name string) (path, id string) {
	a.Helper()
	w := a.want(201, "POST", "/v1/galleries/"+gallery+"/identities", fields{"name": name})
	return w.Header().Get("Location"), w.text("id")
}

func (a *api) faces(person string, photos ...string) []string {
	a.Helper()
	var texts []string
	for _, p := range photos {
		texts = append(texts, encoded(p))
	}
	w := a.want(201, "POST", person+"/faces", fields{"photos": texts})
	var ids []string
	for i := range w.list("results") {
		for j := range w.list("results." + strconv.Itoa(i) + ".faces") {
			ids = append(ids, w.text("results."+strconv.Itoa(i)+".faces."+strconv.Itoa(j)+".id"))
		}
	}
	return ids
}
