package httpapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

func fine(c echo.Context) error { return c.NoContent(http.StatusNoContent) }

// Every route that is served has a rule, and one that comes by another way is closed
// (reliability test 26).
func TestEveryRouteHasARule(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{})
	for _, r := range b.server.echo.Routes() {
		rule := b.server.rules[r.Method+" "+r.Path]
		if rule.scope == "" {
			t.Errorf("%s %s has no scope: write its rule in routes.go", r.Method, r.Path)
		}
		if rule.scope == open && r.Method != http.MethodGet {
			t.Errorf("%s %s changes things and is open", r.Method, r.Path)
		}
	}
	b.server.echo.POST("/forgotten", fine)
	b.server.serve(nil)
	b.refuses(b.ask("POST", "/forgotten", ""), http.StatusForbidden, "forbidden")
}

// Without keys the programs of this machine are let in, and nobody else: not by a
// name that a page has had resolved to it, not a page of another origin
// (reliability test 26).
func TestBeforeTheFirstKey(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{Rate: 1, Burst: 1}, route{"POST", "/thing", rule{face.ScopeDelete, noGallery}, fine})
	for _, host := range []string{"localhost", "LOCALHOST:80", "127.0.0.1:8080", "[::1]:8080", "127.8.8.8"} {
		if a := b.ask("POST", "/thing", "", "Host", host); a.status != http.StatusNoContent {
			t.Errorf("by %s: %d %s", host, a.status, a.body)
		}
	}
	for _, host := range []string{"evil.example", "localhost.evil.example", "192.168.1.7:8080", ""} {
		b.refuses(b.ask("POST", "/thing", "", "Host", host), http.StatusForbidden, "forbidden")
	}
	b.refuses(b.ask("POST", "/thing", "", "Origin", "https://evil.example"), http.StatusForbidden, "forbidden")
	b.refuses(b.ask("POST", "/thing", "", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden, "forbidden")
	b.keys.add(nil, face.ScopeRead)
	b.server.keyring.any = remembered{} // what was remembered of there being none is over
	b.refuses(b.ask("POST", "/thing", ""), http.StatusUnauthorized, "unauthorized")
	if a := b.ask("GET", "/healthz", ""); a.status != http.StatusOK {
		t.Errorf("/healthz with keys: %d", a.status)
	}
}

// Missing, wrong, unknown, expired and revoked keys have the same answer, and a key
// does what its scopes say and no more (reliability test 26).
func TestKeys(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{Auth: AuthKeys},
		route{"POST", "/add", rule{face.ScopeEnrol, noGallery}, fine}, route{"POST", "/remove", rule{face.ScopeDelete, noGallery}, fine})
	b.refuses(b.ask("POST", "/add", ""), http.StatusUnauthorized, "unauthorized") // nor before the first key
	enrol, admin := b.keys.add(nil, face.ScopeEnrol), b.keys.add(nil, face.ScopeAdmin)
	ended := b.keys.add(nil, face.ScopeAdmin)
	id, _ := keyID(ended)
	expired := b.keys.keys[id]
	expired.Valid = false
	b.keys.keys[id] = expired
	unknown, _ := NewKey()
	missing := b.ask("POST", "/add", "")
	if got := missing.header.Get("WWW-Authenticate"); got != `Bearer realm="visage"` {
		t.Errorf("WWW-Authenticate %q", got)
	}
	for name, key := range map[string]string{
		"wrong secret": enrol[:len(enrol)-1] + "!", "another's secret": enrol[:24] + admin[24:], "unknown": unknown, "expired": ended,
		"no key": "password", "an id alone": enrol[:24], "long": enrol + "x", "id in capitals": strings.ToUpper(enrol),
	} {
		a := b.ask("POST", "/add", "", "Authorization", "Bearer "+key, "X-Request-Id", missing.header.Get("X-Request-Id"))
		if a.status != http.StatusUnauthorized || a.body != missing.body {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for _, header := range [][]string{{"Authorization", "Bearer " + enrol}, {"Authorization", "bearer " + enrol}, {"X-Api-Key", enrol}} {
		if a := b.ask("POST", "/add", "", header...); a.status != http.StatusNoContent {
			t.Errorf("%s: %d %s", header[0], a.status, a.body)
		}
	}
	b.refuses(b.ask("POST", "/remove", "", "X-Api-Key", enrol), http.StatusForbidden, "forbidden")
	if a := b.ask("POST", "/remove", "", "X-Api-Key", admin); a.status != http.StatusNoContent {
		t.Errorf("admin: %d %s", a.status, a.body)
	}
}

// A key that is bound to a gallery reaches no other, by path, body or handler
// (reliability test 26).
func TestBoundKeys(t *testing.T) {
	t.Parallel()
	body := func(c echo.Context) error {
		if _, err := readFields(c); err != nil {
			return err
		}
		return fine(c)
	}
	handler := func(c echo.Context) error {
		if err := within(c.Request().Context(), c.QueryParam("of")); err != nil {
			return err
		}
		return fine(c)
	}
	b := setup(t, Config{},
		route{"GET", "/g/:gallery", rule{face.ScopeRead, galleryInPath}, fine}, route{"POST", "/g", rule{face.ScopeRead, galleryInBody}, body},
		route{"GET", "/f", rule{face.ScopeRead, galleryByHandler}, handler}, route{"GET", "/all", rule{scope: face.ScopeRead}, fine},
		route{"GET", "/none", rule{face.ScopeRead, noGallery}, fine})
	staff, all := b.keys.add([]string{"staff", "default"}, face.ScopeAdmin), b.keys.add(nil, face.ScopeRead)
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/g/staff", "", 204}, {"GET", "/g/guests", "", 403}, {"GET", "/g/staff%2f..%2fguests", "", 403},
		{"POST", "/g", `{"gallery":"staff"}`, 204}, {"POST", "/g", `{}`, 204}, {"POST", "/g", `{"gallery":"guests"}`, 403},
		{"POST", "/g", `{"gallery":"staff","gallery":"guests"}`, 403}, {"GET", "/f?of=staff", "", 204}, {"GET", "/f?of=guests", "", 403},
		{"GET", "/all", "", 403}, {"GET", "/none", "", 204},
	} {
		if a := b.ask(c.method, c.path, c.body, "X-Api-Key", staff); a.status != c.status {
			t.Errorf("bound: %s %s %s: %d %s", c.method, c.path, c.body, a.status, a.body)
		}
		if a := b.ask(c.method, c.path, c.body, "X-Api-Key", all); a.status >= 300 {
			t.Errorf("not bound: %s %s %s: %d %s", c.method, c.path, c.body, a.status, a.body)
		}
	}
	ctx := withCaller(t.Context(), caller{key: face.Key{ID: "x", Galleries: []string{"staff"}}})
	if _, _, err := b.server.cfg.Store.Nearest(ctx, face.Query{Gallery: "guests"}); err == nil {
		t.Error("a bound key searches another gallery")
	}
	if _, err := b.server.cfg.Store.NearestAll(ctx, face.Query{Gallery: "guests"}, nil); err == nil {
		t.Error("a bound key searches another gallery for several")
	}
	if err := b.server.cfg.Store.Enrol(ctx, "guests", nil); err == nil {
		t.Error("a bound key enrols into another gallery")
	}
}

// A revoked key opens no longer than keyAge, and the database is not asked of each
// request.
func TestRevokedKeyEnds(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{Auth: AuthKeys}, route{"POST", "/add", rule{face.ScopeEnrol, noGallery}, fine})
	key := b.keys.add(nil, face.ScopeEnrol)
	for range 50 {
		if a := b.ask("POST", "/add", "", "X-Api-Key", key); a.status != http.StatusNoContent {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	if b.keys.asked > 3 || b.keys.used > 3 {
		t.Errorf("the database was asked %d times and told %d times of 50 requests", b.keys.asked, b.keys.used)
	}
	id, _ := keyID(key)
	b.keys.mu.Lock()
	revoked := b.keys.keys[id]
	revoked.Valid = false
	b.keys.keys[id] = revoked
	b.keys.mu.Unlock()
	begun := time.Now()
	b.until("refused", func() bool { return b.ask("POST", "/add", "", "X-Api-Key", key).status == http.StatusUnauthorized })
	if took := time.Since(begun); took > 2*keyAge {
		t.Errorf("a revoked key opened for %s", took)
	}
}

// Where the database does not say who may, nobody may.
func TestKeysAreAway(t *testing.T) {
	t.Parallel()
	for _, auth := range []Auth{AuthKeys, AuthOnceThereAreKeys} {
		b := setup(t, Config{Auth: auth}, route{"POST", "/add", rule{face.ScopeEnrol, noGallery}, fine})
		key := b.keys.add(nil, face.ScopeEnrol)
		b.keys.failing = &face.Error{Code: face.Unavailable, Op: "postgres.Key", Message: `the database refuses the connection: role "secret"`}
		a := b.ask("POST", "/add", "", "X-Api-Key", key)
		b.refuses(a, http.StatusServiceUnavailable, "unavailable")
		if strings.Contains(a.body, "secret") || a.header.Get("Retry-After") == "" {
			t.Errorf("%s %v", a.body, a.header)
		}
	}
}

// Guessing is charged to the address before the database is asked, and does not stop
// who has a key and sends from the same one.
func TestGuessesAreCharged(t *testing.T) {
	t.Parallel()
	b := setup(t, Config{Auth: AuthKeys, Rate: 0.01, Burst: 5}, route{"POST", "/add", rule{face.ScopeEnrol, noGallery}, fine})
	key := b.keys.add(nil, face.ScopeEnrol)
	if a := b.ask("POST", "/add", "", "X-Api-Key", key); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for range 20 {
		guess, _ := NewKey()
		b.ask("POST", "/add", "", "X-Api-Key", guess)
	}
	if b.keys.asked > 6 {
		t.Errorf("the database was asked %d times", b.keys.asked)
	}
	guess, _ := NewKey()
	a := b.ask("POST", "/add", "", "X-Api-Key", guess)
	b.refuses(a, http.StatusTooManyRequests, "too_many_requests")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	if a := b.ask("POST", "/add", "", "X-Api-Key", key); a.status != http.StatusNoContent {
		t.Errorf("who has a key: %d %s", a.status, a.body)
	}
}

func TestKeysDiffer(t *testing.T) {
	t.Parallel()
	one, first := NewKey()
	two, second := NewKey()
	if one == two || first.ID == second.ID || first.Hash == second.Hash || len(one) != len("visage_")+16+1+43 {
		t.Errorf("%s and %s", one, two)
	}
	if id, ok := keyID(one); !ok || id != first.ID {
		t.Errorf("id %q of %s", id, one)
	}
	if !opens(remembered{key: face.Key{Hash: first.Hash, Valid: true}, found: true}, one) ||
		opens(remembered{key: face.Key{Hash: first.Hash, Valid: true}}, one) || opens(remembered{}, one) {
		t.Error("a key opens what it should not, or the reverse")
	}
}
