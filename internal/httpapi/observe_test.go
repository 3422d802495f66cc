package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/visagedb/visage/internal/face"
)

// No log line, at any level, holds a key, a photograph, a template or what a URL
// keeps secret, whatever becomes of the request.
func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{}, route{"POST", "/panics", rule{face.ScopeRead, noGallery}, func(echo.Context) error { panic("boom") }})
	key := b.keys.add(nil, face.ScopeRead)
	guess, _ := NewKey()
	photo := random(600)
	encoded := base64.StdEncoding.EncodeToString([]byte(photo))
	secrets := []string{key, key[len(key)-20:], guess, encoded[:24], encoded[40:64], "0.1234567", "hunter2"}
	for _, r := range b.server.echo.Routes() {
		for _, body := range []string{
			photoBody(photo), `{"img":"https://user:hunter2@example.org/a.jpg?token=hunter2"}`, `{"img1":[0.1234567,0.1,0.2],"img2":"` + encoded + `"}`,
			`{"img":"` + encoded + `","model_name":17,"hunter2":`, encoded,
		} {
			for _, auth := range []string{key, guess} {
				b.models.embed = func(context.Context, []byte) error { return errors.New("a network failed") }
				b.ask(r.Method, r.Path+"?api_key=hunter2", body, "Authorization", "Bearer "+auth)
				b.models.embed = nil
				b.ask(r.Method, r.Path, body, "X-Api-Key", auth)
			}
		}
	}
	text := b.log.String()
	for _, secret := range secrets {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(text, "a network failed") || !strings.Contains(text, `"route":"/verify"`) {
		t.Errorf("the log lacks what it should hold: %s", text)
	}
}

// A panic is 500 without its text, which the log has with the stack.
func TestPanicsAreLogged(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{}, route{"POST", "/panics", rule{face.ScopeRead, noGallery}, func(echo.Context) error {
		var texts []string
		return errors.New(texts[7])
	}})
	a := b.ask("POST", "/panics", "")
	b.refuses(a, http.StatusInternalServerError, "internal")
	if strings.Contains(a.body, "index") || strings.Contains(a.body, "goroutine") {
		t.Errorf("the answer tells %s", a.body)
	}
	if text := b.log.String(); !strings.Contains(text, "index out of range") || !strings.Contains(text, "observe_test.go") || !strings.Contains(text, "ERROR") {
		t.Errorf("the log lacks the panic or the stack: %s", text)
	}
}

// The files of a form are removed after a panic too.
func TestPanicsLeaveNoFiles(t *testing.T) { //nolint:paralleltest // it sets where files go
	at := t.TempDir()
	t.Setenv("TMPDIR", at)
	b := setup(t, Config{}, route{"POST", "/panics", rule{face.ScopeRead, noGallery}, func(c echo.Context) error {
		if _, err := readFields(c); err != nil {
			return err
		}
		if files, err := os.ReadDir(at); err != nil || len(files) == 0 {
			t.Errorf("the form has %d files (%v): the test tests nothing", len(files), err)
		}
		panic("in the middle")
	}})
	form := "--x\r\nContent-Disposition: form-data; name=\"img\"; filename=\"a\"\r\n\r\n" + strings.Repeat("x", formMemory+1) + "\r\n--x--\r\n"
	b.refuses(b.ask("POST", "/panics", form, "Content-Type", "multipart/form-data; boundary=x"), http.StatusInternalServerError, "internal")
	if files, err := os.ReadDir(at); err != nil || len(files) > 0 {
		t.Errorf("%d files are left (%v)", len(files), err)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{Origins: []string{"https://desk.example"}})
	for _, path := range []string{"/healthz", "/nowhere"} {
		a := b.ask("GET", path, "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Access-Control-Allow-Origin": "", "Server": "",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s of %s is %q, want %q", name, path, got, want)
			}
		}
	}
	ask := func(origin string) answer {
		return b.ask("OPTIONS", "/verify", "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
	}
	allowed := ask("https://desk.example")
	if allowed.header.Get("Access-Control-Allow-Origin") != "https://desk.example" || allowed.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("an origin that is allowed: %v", allowed.header)
	}
	if got := ask("https://desk.example.evil").header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("another origin is allowed: %q", got)
	}
	if a := b.ask("POST", "/represent", photoBody("a face"), "Origin", "https://desk.example"); a.status != http.StatusOK || a.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("a request of an origin that is allowed: %d %s", a.status, a.body)
	}
	b.refuses(b.ask("POST", "/represent", photoBody("a face"), "Origin", "https://other.example"), http.StatusForbidden, "forbidden")
	read := route{"GET", "/picture", rule{face.ScopeRead, noGallery}, fine}
	b = setup(t, Config{Origins: []string{"https://desk.example"}}, read)
	for header, value := range map[string]string{"Origin": "https://other.example", "Sec-Fetch-Site": "cross-site"} {
		b.refuses(b.ask("GET", "/picture", "", header, value), http.StatusForbidden, "forbidden")
		if a := b.ask("GET", "/healthz", "", header, value); a.status != http.StatusOK || a.header.Get("Cross-Origin-Resource-Policy") != "same-origin" {
			t.Errorf("an open route: %d %v", a.status, a.header)
		}
	}
	if a := b.ask("GET", "/picture", "", "Origin", "https://desk.example", "Sec-Fetch-Site", "cross-site"); a.status != http.StatusNoContent {
		t.Errorf("reading by an origin that is allowed: %d %s", a.status, a.body)
	}
	for _, origin := range []string{"*", "desk.example", "https://desk.example/path"} {
		if _, err := New(Config{Store: b.store, Models: b.models, Photos: texts{}, Origins: []string{origin}}); face.CodeOf(err) != face.Invalid {
			t.Errorf("origin %q: %v", origin, err)
		}
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var failing error
	asked := 0
	b := setup(t, Config{Auth: AuthKeys, Checks: []Check{
		{"database", func(context.Context) error { return nil }},
		{"models", func(context.Context) error { mu.Lock(); defer mu.Unlock(); asked++; return failing }},
	}})
	for range 50 {
		if a := b.ask("GET", "/readyz", ""); a.status != http.StatusOK || !strings.Contains(a.body, `"models":"ok"`) {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	mu.Lock()
	if asked > 2 {
		t.Errorf("50 requests checked %d times", asked)
	}
	failing = errors.New("/secret/weights.onnx is away")
	mu.Unlock()
	b.server.readiness.until = time.Time{}
	a := b.ask("GET", "/readyz", "")
	if a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, `"database":"ok"`) || !strings.Contains(a.body, `"models":"failed"`) || strings.Contains(a.body, "secret") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if !strings.Contains(b.log.String(), "weights.onnx") {
		t.Error("the log does not say why")
	}
}

// counted remembers what was counted.
type counted struct {
	mu     sync.Mutex
	served map[string]int
	stages map[string]int
}

func (m *counted) Served(method, route string, status int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.served[fmt.Sprintf("%s %s %d", method, route, status)]++
}

func (m *counted) Stage(name string, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stages[name]++
}

func (*counted) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		fmt.Fprint(w, "visage_up 1")
	})
}

// Requests and their stages are counted and traced, by names that callers cannot
// make up.
func TestRequestsAreCountedAndTraced(t *testing.T) {
	t.Parallel()
	m := &counted{served: map[string]int{}, stages: map[string]int{}}
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	b := setup(t, Config{Metrics: m, Tracer: provider.Tracer("test")})
	const parent = "0af7651916cd43dd8448eb211c80319c"
	b.ask("POST", "/represent", photoBody("a face"), "Traceparent", "00-"+parent+"-b7ad6b7169203331-01")
	b.ask("BREW", "/coffee/1", "")
	b.ask("GET", "/coffee/2", "")
	if _, _, err := b.server.cfg.Store.Nearest(t.Context(), face.Query{}); err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{"POST /represent 200": 1, "GET  404": 1} {
		if m.served[name] != n {
			t.Errorf("%q was counted %d times: %v", name, m.served[name], m.served)
		}
	}
	for name := range m.served {
		if strings.Contains(name, "BREW") || strings.Contains(name, "coffee") {
			t.Errorf("a caller made up %q", name)
		}
	}
	if m.stages["embed"] != 1 || m.stages["search"] != 1 || m.stages["wait"] != 2 {
		t.Errorf("stages %v", m.stages)
	}
	names := map[string]bool{}
	for _, span := range spans.GetSpans() {
		names[span.Name] = names[span.Name] || span.SpanContext.TraceID().String() == parent
	}
	if !names["POST /represent"] || !names["embed"] {
		t.Errorf("spans %v", names)
	}
	if a := b.ask("GET", "/metrics", ""); a.status != http.StatusOK || a.body != "visage_up 1" {
		t.Errorf("/metrics: %d %s", a.status, a.body)
	}
	b.keys.add(nil, face.ScopeEnrol)
	b.server.keyring.any = remembered{}
	b.refuses(b.ask("GET", "/metrics", ""), http.StatusUnauthorized, "unauthorized")
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := Config{Store: &stock{}, Models: &standIn{}, Photos: texts{}}
	for name, spoil := range map[string]func(*Config){
		"Store": func(c *Config) { c.Store = nil }, "Keys": func(c *Config) { c.Auth = AuthKeys }, "Auth": func(c *Config) { c.Auth = "maybe" },
		"MaxBody": func(c *Config) { c.MaxBody = -1 }, "Rate": func(c *Config) { c.Rate = -1 }, "MaxWaiting": func(c *Config) { c.MaxWaiting = -1 },
		"DrainDelay": func(c *Config) { c.DrainDelay = -1 }, "MaxFaces": func(c *Config) { c.MaxFaces = -1 },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := New(cfg); face.CodeOf(err) != face.Invalid || !strings.Contains(err.Error(), "Config."+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
