package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// serving is a service that answers as the test says, and a client of it.
func serving(t *testing.T, change func(*Config), answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	cfg := Config{URL: server.URL + "/", Key: "visage_key", MaxWait: time.Millisecond}
	if change != nil {
		change(&cfg)
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func busyTimes(n int32, asked *atomic.Int32, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= n {
			w.Header().Set("Retry-After", "1000000000")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":{"code":"too_many_requests","message":"slow down"},"request_id":"x"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"name":"`+strings.ReplaceAll(string(body), `"`, `'`)+`","id":"`+r.Header.Get("Idempotency-Key")+`"}`)
	}
}

// A request that the service was too busy for is sent again, whole and under the same
// Idempotency-Key, after no more than MaxWait, and so many times at most.
func TestTriesAgain(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		var asked atomic.Int32
		keys := make(chan string, 10)
		answer := busyTimes(3, &asked, status)
		c := serving(t, nil, func(w http.ResponseWriter, r *http.Request) {
			keys <- r.Header.Get("Idempotency-Key")
			answer(w, r)
		})
		made, err := c.CreateIdentity(t.Context(), "g", "ann")
		if err != nil || asked.Load() != 4 || made.Name != `{'name':'ann'}` {
			t.Errorf("%d: asked %d times, %+v, %v", status, asked.Load(), made, err)
		}
		first := <-keys
		for range 3 {
			if again := <-keys; again != first || first == "" {
				t.Errorf("%d: sent under %q and %q", status, first, again)
			}
		}
	}
	var asked atomic.Int32
	c := serving(t, func(cfg *Config) { cfg.Tries = 2 }, busyTimes(9, &asked, http.StatusTooManyRequests))
	if _, err := c.Gallery(t.Context(), "g"); face.CodeOf(err) != TooManyRequests || asked.Load() != 2 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
	asked.Store(0)
	c = serving(t, func(cfg *Config) { cfg.MaxWait = time.Hour }, busyTimes(9, &asked, http.StatusServiceUnavailable))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Gallery(ctx, "g"); face.CodeOf(err) != face.Cancelled || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}

// Errors have the code and the request's id, however a route writes them, and are not
// sent again.
func TestErrors(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]Error{
		`{"error":{"code":"not_found","message":"there is no such"},"request_id":"x"}`:      {Code: face.NotFound, Message: "there is no such"},
		`{"error":"img: there is no face","code":"no_face","request_id":"x","message":"m"}`: {Code: face.NoFace, Message: "img: there is no face"},
		`<html>a proxy</html>`: {Code: face.Internal, Message: "the service answered 404 Not Found"},
	} {
		asked := 0
		c := serving(t, nil, func(w http.ResponseWriter, r *http.Request) {
			asked++
			if r.Header.Get("X-Api-Key") != "visage_key" || r.URL.EscapedPath() != "/v1/galleries/a%2Fb" {
				t.Errorf("asked %s with %v", r.URL, r.Header)
			}
			w.Header().Set("X-Request-Id", "x")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, body)
		})
		_, err := c.Gallery(t.Context(), "a/b")
		var got *Error
		if !errors.As(err, &got) || got.Code != want.Code || got.Message != want.Message || got.Status != 404 || got.RequestID != "x" || face.CodeOf(err) != want.Code || asked != 1 {
			t.Errorf("%s is %+v, asked %d times", body, err, asked)
		}
	}
	c := serving(t, nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "no JSON") })
	if _, err := c.Gallery(t.Context(), "g"); face.CodeOf(err) != face.Internal {
		t.Errorf("no JSON: %v", err)
	}
	c.base = "http://127.0.0.1:1"
	if _, err := c.Gallery(t.Context(), "g"); face.CodeOf(err) != face.Unavailable {
		t.Errorf("nobody there: %v", err)
	}
	for _, address := range []string{"", "127.0.0.1:8080", "ftp://example.org", "http://"} {
		if _, err := New(Config{URL: address}); face.CodeOf(err) != face.Invalid {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	c := serving(t, nil, func(w http.ResponseWriter, r *http.Request) {
		next := `null`
		if r.URL.Query().Get("cursor") == "" {
			next = `"more"`
		}
		_, _ = io.WriteString(w, `{"galleries":[{"name":"`+r.URL.RawQuery+`"}],"next_cursor":`+next+`}`)
	})
	first, err := c.Galleries(t.Context(), face.Page{Limit: 1, Prefix: "ü&"})
	if err != nil || first.Next != "more" || first.Items[0].Name != "limit=1&prefix=%C3%BC%26" {
		t.Errorf("%+v, %v", first, err)
	}
	last, err := c.Galleries(t.Context(), face.Page{After: first.Next})
	if err != nil || last.Next != "" || len(last.Items) != 1 {
		t.Errorf("%+v, %v", last, err)
	}
}

// A client knows the farthest position of its writes, whatever answers come between.
func TestPosition(t *testing.T) {
	t.Parallel()
	positions := make(chan string, 4)
	c := serving(t, nil, func(w http.ResponseWriter, _ *http.Request) {
		if at := <-positions; at != "" {
			w.Header().Set("Visage-Position", at)
		}
		_, _ = io.WriteString(w, `{}`)
	})
	for _, step := range [...]struct{ answered, want string }{{"", ""}, {"1/F", "1/F"}, {"", "1/F"}, {"0/FF", "1/F"}, {"nonsense", "1/F"}, {"2/0", "2/0"}} {
		positions <- step.answered
		if err := c.DeleteFace(t.Context(), "x"); err != nil || c.Position() != step.want {
			t.Errorf("after %q: position %q, want %q (%v)", step.answered, c.Position(), step.want, err)
		}
	}
}
