package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// The service does not listen where other machines reach, unless it asks for keys or
// is told that nobody need have one (reliability test 26).
func TestServeBeyondLoopback(t *testing.T) {
	t.Parallel()
	v := visage{t, []string{"--home", t.TempDir(), "--database-url", "postgres://nobody@127.0.0.1:1/none", "--log-level", "error"}}
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:80"} {
		if _, text, code := v.try("serve", "--addr", address); code != exitMisused || !strings.Contains(text, "--auth keys") || !strings.Contains(text, "--insecure-no-auth") {
			t.Errorf("serve at %s exits %d with %s", address, code, text)
		}
		for _, flag := range []string{"--auth=keys", "--insecure-no-auth"} { // goes on to the database, which is away
			if _, text, code := v.try("serve", "--addr", address, flag); code != exitFailed || strings.Contains(text, "--auth") {
				t.Errorf("serve at %s %s exits %d with %s", address, flag, code, text)
			}
		}
	}
	for _, args := range [][]string{{"--auth", "none"}, {"--auth", "keys", "--insecure-no-auth"}, {"--addr", "nowhere"}} {
		if _, text, code := v.try(append([]string{"serve"}, args...)...); code != exitMisused {
			t.Errorf("serve %q exits %d with %s", args, code, text)
		}
	}
}

// A key is shown once and stored as a hash; it is listed, and revoked.
func TestKeyCommands(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	out, told, code := v.try("key", "create", "door", "--scope", "read", "--scope", "enrol", "--gallery", "staff", "--expires", "90d")
	text := strings.TrimSpace(out)
	if code != exitDone || !regexp.MustCompile(`^visage_[0-9a-f]{16}_[A-Za-z0-9_-]{43}$`).MatchString(text) || !strings.Contains(told, "not shown again") || !strings.Contains(told, `unknown gallery "staff"`) {
		t.Fatalf("exit %d: %s%s", code, out, told)
	}
	listed := v.do("key", "list", "--json")
	keys := parse[struct{ Keys []face.Key }](t, listed).Keys
	if len(keys) != 1 || keys[0].Name != "door" || !keys[0].Valid || len(keys[0].Scopes) != 2 || keys[0].Galleries[0] != "staff" {
		t.Fatalf("keys %s", listed)
	}
	if days := keys[0].ExpiresAt.Sub(keys[0].CreatedAt).Hours() / 24; days != 90 {
		t.Errorf("it lasts %g days", days)
	}
	conn, err := pgx.Connect(t.Context(), v.url())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var row string
	if err := conn.QueryRow(t.Context(), `SELECT k::text FROM visage.api_keys k`).Scan(&row); err != nil {
		t.Fatal(err)
	}
	if secret := text[len(text)-43:]; strings.Contains(listed+row+v.do("key", "list"), secret) {
		t.Error("the secret is kept somewhere")
	}
	v.do("key", "revoke", keys[0].ID)
	if out := v.do("key", "list"); !strings.Contains(out, "revoked") {
		t.Errorf("after revoke: %s", out)
	}
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"create", "x", "--scope", "root"}, exitMisused}, {[]string{"create", "x", "--expires", "soon"}, exitMisused},
		{[]string{"create", "x", "--expires", "-1h"}, exitMisused}, {[]string{"create", "x", "--expires", "99999999d"}, exitMisused},
		{[]string{"create", "x", "--gallery", ""}, exitMisused}, {[]string{"create", ""}, exitFailed}, {[]string{"revoke", "nobody"}, exitFailed},
	} {
		if _, text, code := v.try(append([]string{"key"}, c.args...)...); code != c.code {
			t.Errorf("key %q exits %d with %s", c.args, code, text)
		}
	}
}

// serving waits until the program says where something is.
func (p *program) says(t *testing.T, what string) string {
	t.Helper()
	line := regexp.MustCompile(`"msg":"serving` + what + `","url":"(http://[^"]+)"`)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if found := line.FindStringSubmatch(p.errOut.String()); found != nil {
			return found[1]
		}
	}
	t.Fatalf("it does not say where %s", what)
	return ""
}

// get asks for a page, with a key where one is given.
func get(t *testing.T, url, key string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(text)
}

// The program itself: it is ready once models and database are, asks for keys once
// there is one, tells metrics, profiles and traces where it was told to, and ends
// well on SIGTERM (reliability test 35).
func TestServe(t *testing.T) {
	var traces atomic.Int32
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/traces" {
			traces.Add(1)
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	v := newVisage(t)
	args := with(builtIn, "serve", "--addr", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--pprof", "127.0.0.1:0", "--drain-delay", "100ms", "--log-format", "json")
	p := process(t, append(args, with(v.flags, "--log-level", "info")...)...)
	url := p.says(t, "")
	if status, text := get(t, url+"/readyz", ""); status != http.StatusOK || !strings.Contains(text, `"models":"ok"`) || !strings.Contains(text, `"database":"ok"`) {
		t.Errorf("/readyz: %d %s", status, text)
	}
	if out := v.do("health", "--url", url); !strings.Contains(out, "ready") {
		t.Errorf("health prints %s", out)
	}
	if status, text := get(t, url+"/metrics", ""); status != http.StatusOK || !strings.Contains(text, `route="/readyz",status="200"`) ||
		!strings.Contains(text, `stage="recognise"`) || !strings.Contains(text, "visage_db_connections_max") || !strings.Contains(text, "visage_http_inference_queue 0") {
		t.Errorf("/metrics: %d %s", status, text)
	}
	key := strings.TrimSpace(v.do("key", "create", "scraper"))
	refused := 0
	for end := time.Now().Add(5 * time.Minute); refused != http.StatusUnauthorized && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		refused, _ = get(t, url+"/metrics", "")
	}
	if status, _ := get(t, url+"/metrics", key); refused != http.StatusUnauthorized || status != http.StatusOK {
		t.Errorf("once there is a key: %d without, %d with it", refused, status)
	}
	if status, text := get(t, p.says(t, " metrics"), ""); status != http.StatusOK || !strings.Contains(text, "visage_http_request_seconds") {
		t.Errorf("metrics of their own: %d %s", status, text)
	}
	if status, _ := get(t, p.says(t, " profiles"), ""); status != http.StatusOK {
		t.Errorf("profiles: %d", status)
	}
	if strings.Contains(p.errOut.String(), key) {
		t.Error("the log holds the key")
	}
	http.DefaultClient.CloseIdleConnections()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if traces.Load() == 0 {
		t.Error("the collector had no traces")
	}
	if _, text, code := v.try("health", "--url", url); code != exitFailed || !strings.Contains(text, "does not answer") {
		t.Errorf("health of nothing exits %d with %s", code, text)
	}
}
