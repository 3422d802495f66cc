package httpapi

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/photo"
)

// withPhotos has a Server read photographs as the program does.
func (b *bench) withPhotos(cfg photo.Config) {
	b.Helper()
	reader, err := photo.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.server.cfg.Photos = reader
}

// urlBody is a request that names a photograph by its URL.
func urlBody(url string) string { return `{"img":"` + url + `"}` }

// URLs that lead to this machine, its network or where clouds keep their credentials
// are refused, however they are written, and paths are whatever they are
// (reliability tests 23 and 25).
func TestURLsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	b.withPhotos(photo.Config{Kinds: []photo.Kind{photo.Inline, photo.URL}})
	for _, url := range []string{
		"http://169.254.169.254/latest/meta-data/", "http://[::1]/", "http://10.0.0.1/", "http://0.0.0.0/", "http://2130706433/", "http://0x7f000001/",
		"http://0177.0.0.1/", "http://127.1/", "http://localhost/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[fe80::1]/", "http://192.168.0.1/",
		"http://user:hunter2@example.org/", "http://127.0.0.1:5432/", "file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/",
	} {
		a := b.ask("POST", "/represent", urlBody(url))
		if a.status != http.StatusBadRequest && a.status != http.StatusServiceUnavailable || strings.Contains(a.body, "hunter2") {
			t.Errorf("%s: %d %s", url, a.status, a.body)
		}
	}
	if len(b.models.wants) > 0 {
		t.Error("one of them was read")
	}
	there, absent := b.ask("POST", "/represent", urlBody("/etc/passwd")), b.ask("POST", "/represent", urlBody("/etc/passwx"))
	if there.status != http.StatusBadRequest || strings.ReplaceAll(there.body, "passwd", "passwx")[:60] != absent.body[:60] {
		t.Errorf("a file that is there: %s, one that is not: %s", there.body, absent.body)
	}
}

// URLs are not read where the operator has not allowed them (reliability test 23).
func TestURLsAreOffByDefault(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	b := setup(t, Config{})
	b.withPhotos(photo.Config{})
	a := b.ask("POST", "/represent", urlBody(server.URL))
	b.refuses(a, http.StatusBadRequest, "invalid")
	if asked {
		t.Error("the URL was fetched")
	}
}

// Redirects are checked as the first URL is, and there are three at most
// (reliability test 24).
func TestRedirectsThatAreRefused(t *testing.T) {
	t.Parallel()
	hops := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/loop":
			hops++
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/photo":
			_, _ = io.WriteString(w, "a face") // the client sees it
		default:
			w.Header().Set("Location", r.URL.Query().Get("to"))
			w.WriteHeader(http.StatusFound)
		}
	}))
	defer server.Close()
	b := setup(t, Config{})
	port := server.Listener.Addr().String()
	b.withPhotos(photo.Config{Kinds: []photo.Kind{photo.Inline, photo.URL}, AllowPrivate: true, Ports: []uint16{portOf(t, port)}})
	if a := b.ask("POST", "/represent", urlBody(server.URL+"/photo")); a.status != http.StatusOK {
		t.Fatalf("a photograph by URL: %d %s", a.status, a.body)
	}
	for _, to := range []string{"file:///etc/passwd", "gopher://" + port + "/photo", "http://169.254.169.254/", "http://0.0.0.0/", "ftp://" + port} {
		a := b.ask("POST", "/represent", urlBody(server.URL+"/r?to="+to))
		b.refuses(a, http.StatusBadRequest, "invalid")
	}
	b.refuses(b.ask("POST", "/represent", urlBody(server.URL+"/loop")), http.StatusBadRequest, "invalid")
	if hops != 4 {
		t.Errorf("%d requests of a loop, want the first and 3 redirects", hops)
	}
}
