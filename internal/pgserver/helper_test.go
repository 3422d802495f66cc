package pgserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/visagedb/visage/internal/pgserver"
)

// helperHome makes the test binary act as one command that uses the database
// of that home: it starts it, says so, waits for a line and leaves.
const helperHome = "VISAGE_PGSERVER_TEST_HOME"

// patience bounds what a test waits for; it is met only where something hangs.
const patience = 2 * time.Minute

func TestMain(m *testing.M) {
	if home := os.Getenv(helperHome); home != "" {
		os.Exit(runHelper(home))
	}
	code := m.Run()
	removeTemplate()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func runHelper(home string) int {
	server, err := pgserver.Start(context.Background(), pgserver.Config{Home: home})
	if err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	fmt.Println("ready")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err == nil && strings.TrimSpace(line) == "keep" {
		err = server.Keep()
	}
	if err := server.Close(); err != nil {
		fmt.Println("failed:", err)
		return 1
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return 1
	}
	return 0
}

// helper is another process that uses the database.
type helper struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *bufio.Reader
}

func startHelper(t *testing.T, home string) *helper {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperHome+"="+home)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	h := &helper{t: t, cmd: cmd, stdin: stdin, out: bufio.NewReader(stdout)}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return h
}

// awaitReady returns when the helper's Start has succeeded.
func (h *helper) awaitReady() {
	h.t.Helper()
	line, err := h.out.ReadString('\n')
	if err != nil || line != "ready\n" {
		rest, _ := io.ReadAll(h.out)
		h.t.Fatalf("helper says %q%s (%v), want ready", line, rest, err)
	}
}

// leave makes the helper do what word says ("" or "keep"), close and end.
func (h *helper) leave(word string) {
	h.t.Helper()
	_, err := io.WriteString(h.stdin, word+"\n")
	must(h.t, err)
	rest, err := io.ReadAll(h.out)
	must(h.t, err)
	if err := h.cmd.Wait(); err != nil {
		h.t.Fatalf("helper: %v %s", err, rest)
	}
}

// kill ends the helper with SIGKILL.
func (h *helper) kill() {
	h.t.Helper()
	must(h.t, h.cmd.Process.Kill())
	_ = h.cmd.Wait() // reports the kill
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newHome returns a fresh home directory that the server's user can enter,
// which t.TempDir is not when root runs the tests.
func newHome(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	must(t, err)
	if _, err := exec.LookPath("initdb"); err != nil && len(found) == 0 {
		t.Skip("no PostgreSQL binaries on this machine: run make setup")
	}
	home, err := makeHome()
	must(t, err)
	t.Cleanup(func() {
		if err := pgserver.Stop(context.Background(), pgserver.Config{Home: home}); err != nil {
			t.Error(err)
		}
		must(t, os.RemoveAll(home))
	})
	return home
}

func makeHome() (string, error) {
	home, err := os.MkdirTemp("/tmp", "visage-pgserver-")
	if err != nil {
		return "", err
	}
	return home, os.Chmod(home, 0o755)
}

// template is a home with a stopped cluster, made once: initdb takes seconds.
var template struct {
	once sync.Once
	home string
	err  error
}

// newCluster returns a fresh home with a stopped cluster in it.
func newCluster(t *testing.T) string {
	t.Helper()
	home := newHome(t)
	template.once.Do(func() {
		if template.home, template.err = makeHome(); template.err != nil {
			return
		}
		var server *pgserver.Server
		if server, template.err = pgserver.Start(context.Background(), pgserver.Config{Home: template.home}); template.err == nil {
			template.err = server.Close()
		}
	})
	must(t, template.err)
	out, err := exec.Command("cp", "-a", filepath.Join(template.home, "postgres"), home).CombinedOutput()
	if err != nil {
		t.Fatalf("copy the cluster: %v %s", err, out)
	}
	return home
}

func removeTemplate() {
	if template.home != "" {
		_ = os.RemoveAll(template.home)
	}
}

func start(t *testing.T, home string) *pgserver.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server, err := pgserver.Start(ctx, pgserver.Config{Home: home, Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	must(t, err)
	t.Cleanup(func() { _ = server.Close() }) // the tests that look at it call it themselves
	return server
}

// execSQL runs statements on a connection of its own.
func execSQL(t *testing.T, url string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	must(t, conn.Close(t.Context()))
}

func queryText(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	var text string
	if err := conn.QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
	must(t, conn.Close(t.Context()))
	return text
}

func report(t *testing.T, home string) pgserver.Report {
	t.Helper()
	r, err := pgserver.Status(t.Context(), pgserver.Config{Home: home})
	must(t, err)
	return r
}

func wantState(t *testing.T, home string, want pgserver.State) {
	t.Helper()
	if got := report(t, home).State; got != want {
		t.Errorf("the server is %s, want %s", got, want)
	}
}
