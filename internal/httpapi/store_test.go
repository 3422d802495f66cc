package httpapi

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

func portOf(t *testing.T, address string) uint16 {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(n)
}

// withDatabase has a Server search a database of the test's own, with so many
// connections, and serve /lookup, which does.
func withDatabase(t *testing.T, cfg Config, conns int32) (*bench, *postgres.DB, *pgxpool.Pool) {
	t.Helper()
	url := pgtest.URL(t)
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: conns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	side, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(side.Close)
	enrolment := face.Enrolment{
		Image: face.Image{Path: "/a.jpg", Size: 1, ModTime: time.Unix(1, 0), Identity: "somebody", Width: 10, Height: 10},
		Space: testSpace, Detector: "none",
		Templates: []face.Template{{Space: testSpace, Vector: []float32{0.6, 0.8, 0}, Detection: face.Detection{Box: face.Box{X1: 1, Y1: 1, X2: 5, Y2: 5}, Confidence: 1}}},
	}
	if err := db.Enrol(t.Context(), "default", []face.Enrolment{enrolment}); err != nil {
		t.Fatal(err)
	}
	b := setup(t, cfg)
	b.server.cfg.Store = bounded{db, db, b.server}
	b.server.keyring.keys = db
	rules := b.server.rules
	b.server.serve([]route{{"POST", "/lookup", rule{face.ScopeRead, galleryInBody}, func(c echo.Context) error {
		if _, err := readFields(c); err != nil {
			return err
		}
		found, _, err := b.server.cfg.Store.Nearest(c.Request().Context(), face.Query{
			Gallery: "default", Space: testSpace, Probe: []float32{0.6, 0.8, 0}, Metric: face.Cosine, Limit: 3,
		})
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, len(found))
	}}})
	for at, rule := range rules {
		b.server.rules[at] = rule
	}
	return b, db, side
}

// A thousand searches at once on ten connections: some are answered, none of them
// late, the others are told to come again, and nothing is left over (reliability
// test 31).
func TestThousandSearchesAtOnce(t *testing.T) { //nolint:paralleltest // it counts the goroutines of the process
	b, db, _ := withDatabase(t, Config{MaxSearches: 20, MaxWaiting: 200, MaxWait: 20 * time.Second}, 10)
	if a := b.ask("POST", "/lookup", `{}`); a.status != http.StatusOK || strings.TrimSpace(a.body) != "1" {
		t.Fatalf("one search: %d %s", a.status, a.body)
	}
	before := runtime.NumGoroutine()
	var mu sync.Mutex
	var took []time.Duration
	shed := 0
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range 1000 {
		all.Go(func() {
			<-begin
			begun := time.Now()
			a := b.ask("POST", "/lookup", `{}`)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.status == http.StatusOK && strings.TrimSpace(a.body) == "1":
				took = append(took, time.Since(begun))
			case a.status == http.StatusTooManyRequests && a.header.Get("Retry-After") != "":
				shed++
			default:
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	close(begin)
	all.Wait()
	slices.Sort(took)
	if len(took) < 220 {
		t.Errorf("%d of 1,000 were answered, fewer than may be inside", len(took))
	}
	t.Logf("%d answered, the slowest after %s, %d shed", len(took), took[len(took)-1], shed)
	if last := took[len(took)-1]; last > 20*time.Second {
		t.Errorf("one waited for %s", last)
	}
	b.until("calm", func() bool { return runtime.NumGoroutine() <= before+10 && db.Pool().Used == 0 })
	if l := b.server.Load(); l != (Load{}) {
		t.Errorf("load in the end %+v", l)
	}
}

// A caller leaves in the middle of a search: Postgres stops it, and the connection is
// free again (reliability test 32).
func TestCallerLeavesASearch(t *testing.T) {
	t.Parallel()
	b, db, side := withDatabase(t, Config{}, 4)
	url, _ := b.listen()
	lock, err := side.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Rollback(context.WithoutCancel(t.Context())) }() // it has ended, where all went well
	if _, err := lock.Exec(t.Context(), `LOCK TABLE visage.galleries, visage.spaces, visage.faces IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	waiting := func() (n int) {
		const query = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'visage' AND state = 'active'`
		if err := side.QueryRow(t.Context(), query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, "POST", url+"/lookup", strings.NewReader(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	failed := make(chan error, 1)
	go func() {
		a, err := client.Do(r)
		if err == nil {
			_ = a.Body.Close()
		}
		failed <- err
	}()
	b.until("searching", func() bool { return waiting() == 1 })
	leave()
	if err := <-failed; err == nil {
		t.Error("the caller got an answer")
	}
	b.until("stopped", func() bool { return waiting() == 0 && db.Pool().Used == 0 })
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := b.ask("POST", "/lookup", `{}`); a.status != http.StatusOK {
		t.Errorf("the next search: %d %s", a.status, a.body)
	}
	if text := b.log.String(); !strings.Contains(text, `"status":499`) || strings.Contains(text, "ERROR") {
		t.Errorf("log %s", text)
	}
}

// Keys of the database open, and end by its clock (reliability tests 26 and 35).
func TestKeysOfTheDatabase(t *testing.T) {
	t.Parallel()
	b, db, side := withDatabase(t, Config{}, 4)
	text, key := NewKey()
	key.Name, key.Scopes, key.Galleries = "door", []face.Scope{face.ScopeRead}, []string{"default"}
	if _, err := db.CreateKey(t.Context(), key, time.Hour); err != nil {
		t.Fatal(err)
	}
	b.refuses(b.ask("POST", "/lookup", `{}`), http.StatusUnauthorized, "unauthorized")
	if a := b.ask("POST", "/lookup", `{}`, "X-Api-Key", text); a.status != http.StatusOK {
		t.Errorf("with its key: %d %s", a.status, a.body)
	}
	b.refuses(b.ask("POST", "/lookup", `{"gallery":"other"}`, "X-Api-Key", text), http.StatusForbidden, "forbidden")
	if _, err := side.Exec(t.Context(), `UPDATE visage.api_keys SET expires_at = now()`); err != nil {
		t.Fatal(err)
	}
	b.until("expired", func() bool {
		return b.ask("POST", "/lookup", `{}`, "X-Api-Key", text).status == http.StatusUnauthorized
	})
}
