package httpapi

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi/apitest"
)

// testSpace is that of standIn.
var testSpace = face.Space{Recognizer: "standin", Weights: strings.Repeat("0", 64), Profile: face.Native, Dim: 3, Unit: true}

// standIn are models without networks. What embed says is what Faces does.
type standIn struct {
	embed func(ctx context.Context, photo []byte) error
	mu    sync.Mutex
	wants []Wanted
}

func (s *standIn) Lend(context.Context, Choice) (Embedder, func(), error) { return s, func() {}, nil }
func (*standIn) Space() face.Space                                        { return testSpace }
func (*standIn) Recognizer() string                                       { return "standin" }
func (*standIn) Detector() string                                         { return "none" }
func (*standIn) Thresholds() face.Thresholds                              { return face.Thresholds{} }

func (s *standIn) Faces(ctx context.Context, photo []byte, want Wanted) (face.Photo, error) {
	s.mu.Lock()
	s.wants = append(s.wants, want)
	s.mu.Unlock()
	if s.embed != nil {
		if err := s.embed(ctx, photo); err != nil {
			return face.Photo{}, err
		}
	}
	return face.Photo{Templates: []face.Template{{Space: testSpace, Vector: []float32{0.6, 0.8, 0}}}, Width: 10, Height: 10}, nil
}

func (s *standIn) FacesFed(ctx context.Context, photo []byte, want Wanted) (face.Photo, Fed, error) {
	seen, err := s.Faces(ctx, photo, want)
	return seen, Fed{}, err
}

func (*standIn) Range() (ends [2]float64, ok bool) { return ends, false }

func (*standIn) LendCutter(context.Context, Choice) (Cutter, func(), error) {
	return nil, nil, face.Errorf(face.Unavailable, "nothing is cut out")
}

// stock is a Store of nothing. What search says is what Nearest does.
type stock struct {
	search func(ctx context.Context) error
}

func (s *stock) Nearest(ctx context.Context, _ face.Query) ([]face.Candidate, face.Plan, error) {
	if s.search != nil {
		return nil, face.Plan{}, s.search(ctx)
	}
	return nil, face.Plan{}, nil
}

func (s *stock) NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	_, _, err := s.Nearest(ctx, q)
	return make([]face.Answer, len(probes)), err
}

func (*stock) Enrol(context.Context, string, []face.Enrolment) error { return nil }

func (*stock) Known(context.Context, string, face.Space, []string) (map[string]face.LedgerEntry, error) {
	return nil, nil
}

// texts are Photos that read base64.
type texts struct{}

func (texts) Read(_ context.Context, text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, face.Errorf(face.Invalid, "no base64")
	}
	return data, nil
}

// ring are Keys in memory.
type ring struct {
	mu      sync.Mutex
	keys    map[string]face.Key
	asked   int
	used    int
	failing error
}

func (r *ring) Key(_ context.Context, id string) (face.Key, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	k, found := r.keys[id]
	return k, found, r.failing
}

func (r *ring) AnyKey(context.Context) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.keys) > 0, r.failing
}

func (r *ring) UseKey(context.Context, string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used++
	return nil
}

// add makes a key and returns its text.
func (r *ring) add(galleries []string, scopes ...face.Scope) string {
	text, k := NewKey()
	k.Scopes, k.Galleries, k.Valid = scopes, galleries, true
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keys == nil {
		r.keys = map[string]face.Key{}
	}
	r.keys[k.ID] = k
	return text
}

// bench is a Server with its parts and what it logs.
type bench struct {
	*testing.T
	server *Server
	models *standIn
	store  *stock
	keys   *ring
	log    *logged
}

// logged is a log that may be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// setup makes a Server with routes of the test's own beside those of the service.
func setup(t *testing.T, cfg Config, more ...route) *bench {
	t.Helper()
	b := &bench{T: t, models: &standIn{}, store: &stock{}, keys: &ring{}, log: &logged{}}
	cfg.Store, cfg.Models, cfg.Photos, cfg.Keys = b.store, b.models, texts{}, b.keys
	cfg.Logger = slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	b.server = server
	rules := server.rules
	server.serve(more)
	for at, rule := range rules {
		server.rules[at] = rule
	}
	return b
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request from this machine. Headers come in pairs.
func (b *bench) ask(method, path, body string, headers ...string) answer {
	b.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:8080", "127.0.0.1:4711"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.server.Handler().ServeHTTP(w, r)
	Conforms(b.T, apitest.Exchange{Method: method, Target: path, Sent: r.Header, Body: []byte(body), Status: w.Code, Header: w.Header(), Answer: w.Body.Bytes()})
	return answer{w.Code, w.Header(), w.Body.String()}
}

// refuses checks a status and the code in the body.
func (b *bench) refuses(a answer, status int, code string) {
	b.Helper()
	var body struct {
		Error any
		Code  string
	}
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		b.Fatalf("%d %q is no JSON", a.status, a.body)
	}
	if inner, ok := body.Error.(map[string]any); ok {
		body.Code, _ = inner["code"].(string)
	}
	if a.status != status || body.Code != code {
		b.Errorf("%d %s, want %d %s", a.status, a.body, status, code)
	}
}

// listen serves on a port of this machine until the test ends, or stop is called,
// which returns what Serve did.
func (b *bench) listen() (url string, stop func() error) {
	b.Helper()
	listener, err := newListener(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(b.Context()))
	ended := make(chan error, 1)
	go func() { ended <- b.server.Serve(ctx, listener) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	b.Cleanup(func() { _ = stop() }) // the test asks, where it matters
	return "http://" + listener.Addr().String(), stop
}

// photoBody is a request with a photograph.
func photoBody(photo string) string {
	return `{"img":"` + base64.StdEncoding.EncodeToString([]byte(photo)) + `"}`
}

// until waits for something to become true.
func (b *bench) until(what string, holds func() bool) {
	b.Helper()
	for end := time.Now().Add(5 * time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("never %s", what)
		}
	}
}

func drain(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
