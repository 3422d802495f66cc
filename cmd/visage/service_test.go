package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/config"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/photo"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// service is what serve answers, in the test's own process, with true models and a
// database of its own.
type service struct {
	t      *testing.T
	url    string
	dsn    string // the database's address
	db     *postgres.DB
	models *lender
}

// builtInModels need no weights.
var builtInModels = embed.Config{Recognizer: "LBPH", Detector: "opencv"}

func newService(t *testing.T, cfg embed.Config, change ...func(*httpapi.Config)) service {
	t.Helper()
	a := &app{log: slog.New(slog.DiscardHandler), settings: config.Settings{Home: t.TempDir(), OrtLib: os.Getenv("VISAGE_ORT_LIB")}}
	if dir := os.Getenv("VISAGE_TEST_MODELS"); dir != "" {
		a.settings.Models = []string{dir}
	}
	return newServiceOf(t, a, cfg, change...)
}

// newServiceOf is newService of a program with settings of its own.
func newServiceOf(t *testing.T, a *app, cfg embed.Config, change ...func(*httpapi.Config)) service {
	t.Helper()
	dsn := pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dsn, MaxConns: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	models := newTestLender(t, a, cfg, 3)
	photos, err := photo.New(photo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	indexes := newBuilder(t.Context(), db, a.log)
	t.Cleanup(indexes.Close)
	settings := httpapi.Config{Store: db, Models: models, Analyzer: analyzer{models}, Photos: sentPhotos{photos}, Builder: indexes}
	for _, set := range change {
		set(&settings)
	}
	server, err := httpapi.New(settings)
	if err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(server.Handler())
	t.Cleanup(listening.Close)
	return service{t, listening.URL, dsn, db, models}
}

// newTestLender closes with the test.
func newTestLender(t *testing.T, a *app, cfg embed.Config, most int) *lender {
	t.Helper()
	store, err := a.store()
	if err != nil {
		t.Fatal(err)
	}
	models, err := a.openLender(cfg, most, store)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := models.Close(); err != nil {
			t.Error(err)
		}
	})
	return models
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil for what is no JSON object
}

func (s service) do(ctx context.Context, method, route, kind string, body io.Reader) (reply, error) {
	var sent []byte
	if body != nil {
		var err error
		if sent, err = io.ReadAll(body); err != nil {
			return reply{}, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+route, bytes.NewReader(sent))
	if err != nil {
		return reply{}, err
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil {
		conforms(s.t, request, sent, response, text)
	}
	r := reply{status: response.StatusCode, header: response.Header, text: string(text)}
	_ = json.Unmarshal(text, &r.body) // nil where it is none
	return r, err
}

func (s service) send(method, route, kind string, body io.Reader) reply {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	r, err := s.do(ctx, method, route, kind, body)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// json posts fields as JSON.
func (s service) json(route string, fields map[string]any) reply {
	s.t.Helper()
	body, err := json.Marshal(fields)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.send(http.MethodPost, route, "application/json", bytes.NewReader(body))
}

// good is json where all must go well.
func (s service) good(route string, fields map[string]any) map[string]any {
	s.t.Helper()
	r := s.json(route, fields)
	if r.status != http.StatusOK {
		s.t.Fatalf("%s answers %d: %s", route, r.status, r.text)
	}
	return r.body
}

// form posts fields as multipart/form-data, with files by the fields' names.
func (s service) form(route string, fields map[string]string, files map[string][][]byte) reply {
	s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		if err := w.WriteField(name, value); err != nil {
			s.t.Fatal(err)
		}
	}
	for name, contents := range files {
		for _, data := range contents {
			part, err := w.CreateFormFile(name, "photo.jpg")
			if err != nil {
				s.t.Fatal(err)
			}
			if _, err := part.Write(data); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		s.t.Fatal(err)
	}
	return s.send(http.MethodPost, route, w.FormDataContentType(), &body)
}

// urlencoded posts fields as application/x-www-form-urlencoded.
func (s service) urlencoded(route string, fields map[string]string) reply {
	s.t.Helper()
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	return s.send(http.MethodPost, route, "application/x-www-form-urlencoded", strings.NewReader(values.Encode()))
}

func inBase64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// sample is one of the drawn photographs, such as sample-01.jpg.
func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(sampleDir(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
