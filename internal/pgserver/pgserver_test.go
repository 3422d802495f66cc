package pgserver_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/pgserver"
)

func TestFreshStart(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	wantState(t, home, pgserver.Stopped)
	server := start(t, home)
	url := server.URL()
	execSQL(t, url, "CREATE EXTENSION vector", "CREATE TABLE v (e vector(2))", "INSERT INTO v VALUES ('[1,2]')")
	for sql, want := range map[string]string{
		"SELECT e::text FROM v":           "[1,2]",
		"SELECT current_user::text":       "visage",
		"SELECT current_database()::text": "visage",
		"SHOW listen_addresses":           "",
		"SHOW data_checksums":             "on",
		"SHOW wal_level":                  "logical",
		"SELECT (current_setting('max_slot_wal_keep_size') = current_setting('max_wal_size'))::text": "true",
		"SHOW server_encoding": "UTF8",
		"SELECT datcollate FROM pg_database WHERE datname = 'visage'":         "C.UTF-8",
		"SELECT count(*)::text FROM pg_hba_file_rules":                        "2",
		"SELECT string_agg(DISTINCT auth_method, ' ') FROM pg_hba_file_rules": "peer",
		"SELECT rolsuper::text FROM pg_roles WHERE rolname = 'visage'":        "true",
	} {
		if got := queryText(t, url, sql); got != want {
			t.Errorf("%s: got %q, want %q", sql, got, want)
		}
	}
	r := report(t, home)
	if r.State != pgserver.Running || r.PID == 0 || r.Version == "" || r.Kept || r.URL != url {
		t.Errorf("report of a running server: %+v", r)
	}
	info, err := os.Stat(filepath.Join(home, "postgres"))
	must(t, err)
	if info.Mode().Perm() != 0o700 || info.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Errorf("the cluster's directory is %v of user %d, want 0700 and not root", info.Mode(), info.Sys().(*syscall.Stat_t).Uid)
	}
	if group, err := syscall.Getpgid(r.PID); err != nil || group != r.PID {
		t.Errorf("the server is in process group %d (%v), want its own, %d", group, err, r.PID)
	}
	for range 2 {
		must(t, server.Close())
	}
	wantState(t, home, pgserver.Stopped)
}

func TestSecondUseInOneProcess(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	first, second := start(t, home), start(t, home)
	if first.URL() != second.URL() {
		t.Errorf("two URLs: %s and %s", first.URL(), second.URL())
	}
	must(t, first.Close())
	wantState(t, home, pgserver.Running)
	must(t, second.Close())
	wantState(t, home, pgserver.Stopped)
}

func TestFirstStartFromFourProcesses(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	var helpers []*helper
	for range 4 {
		helpers = append(helpers, startHelper(t, home))
	}
	for _, h := range helpers {
		h.awaitReady()
	}
	pid := report(t, home).PID
	for _, h := range helpers {
		wantState(t, home, pgserver.Running)
		if got := report(t, home).PID; got != pid {
			t.Errorf("the server was replaced: process %d, then %d", pid, got)
		}
		h.leave("")
	}
	wantState(t, home, pgserver.Stopped)
}

// TestComingAndGoing lets processes arrive while others leave: each must find
// a server that answers for as long as it stays.
func TestComingAndGoing(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			for range 5 {
				h := startHelper(t, home)
				line, err := h.out.ReadString('\n')
				if err != nil || line != "ready\n" {
					t.Errorf("helper says %q (%v)", line, err)
					return
				}
				if r, err := pgserver.Status(t.Context(), pgserver.Config{Home: home}); err != nil || r.State != pgserver.Running {
					t.Errorf("used server: %+v (%v)", r, err)
				}
				if err := h.stdin.Close(); err != nil {
					t.Error(err)
				}
				if err := h.cmd.Wait(); err != nil {
					t.Errorf("helper: %v", err)
				}
			}
		})
	}
	group.Wait()
	wantState(t, home, pgserver.Stopped)
}

func TestKeep(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	h := startHelper(t, home)
	h.awaitReady()
	h.leave("keep")
	r := report(t, home)
	if r.State != pgserver.Running || !r.Kept {
		t.Errorf("after Keep and Close: %+v", r)
	}
	must(t, start(t, home).Close())
	if got := report(t, home).PID; got != r.PID {
		t.Errorf("a later use changed the server: process %d, then %d", r.PID, got)
	}
	for range 2 {
		must(t, pgserver.Stop(t.Context(), pgserver.Config{Home: home}))
	}
	r = report(t, home)
	if r.State != pgserver.Stopped || r.Kept {
		t.Errorf("after Stop: %+v", r)
	}
}

func TestStopUnderUse(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	server := start(t, home)
	must(t, pgserver.Stop(t.Context(), pgserver.Config{Home: home}))
	wantState(t, home, pgserver.Stopped)
	must(t, server.Close())
}

func TestKilledPostmaster(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	server := start(t, home)
	execSQL(t, server.URL(), "CREATE TABLE kept (n int)", "INSERT INTO kept SELECT generate_series(1, 1000)")
	must(t, syscall.Kill(report(t, home).PID, syscall.SIGKILL))
	again := start(t, home) // its backends may still be dying
	if got := queryText(t, again.URL(), "SELECT count(*)::text FROM kept"); got != "1000" {
		t.Errorf("%s of 1000 committed rows are left", got)
	}
	must(t, server.Close())
	wantState(t, home, pgserver.Running)
	must(t, again.Close())
	wantState(t, home, pgserver.Stopped)
}

// TestKilledPostmasterOfBusyBackend: a backend that computes does not notice
// that its postmaster is gone, and would keep a new one from starting.
func TestKilledPostmasterOfBusyBackend(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]func(*testing.T, string){
		"start": func(t *testing.T, home string) { must(t, start(t, home).Close()) },
		"stop":  func(t *testing.T, home string) { must(t, pgserver.Stop(t.Context(), pgserver.Config{Home: home})) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := newCluster(t)
			server := start(t, home)
			ended := make(chan error, 1)
			go func() {
				conn, err := pgx.Connect(t.Context(), server.URL())
				if err == nil {
					_, err = conn.Exec(t.Context(), `DO $$ BEGIN LOOP END LOOP; END $$`)
					err = errors.Join(err, conn.Close(t.Context()))
				}
				ended <- err
			}()
			for queryText(t, server.URL(), "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'DO %'") != "1" {
				time.Sleep(time.Millisecond)
			}
			must(t, syscall.Kill(report(t, home).PID, syscall.SIGKILL))
			wantState(t, home, pgserver.Busy)
			after(t, home)
			must(t, server.Close())
			wantState(t, home, pgserver.Stopped)
			if err := <-ended; err == nil {
				t.Error("the endless statement ended without an error")
			}
		})
	}
}

// TestStalePIDOfAnotherProcess: after a reboot the old postmaster's id may be
// any process of the same user; Postgres alone would refuse to start.
func TestStalePIDOfAnotherProcess(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	must(t, start(t, home).Close())
	pidFile := filepath.Join(home, "postgres", "postmaster.pid")
	lines := strings.Join([]string{itoa(os.Getpid()), filepath.Join(home, "postgres"), "1", "5432", "", "", "1 1", ""}, "\n")
	must(t, os.WriteFile(pidFile, []byte(lines), 0o600))
	wantState(t, home, pgserver.Stopped)
	server := start(t, home)
	if got := report(t, home).PID; got == os.Getpid() || got == 0 {
		t.Errorf("the postmaster is process %d", got)
	}
	must(t, server.Close())
}

func TestKilledCommand(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	h := startHelper(t, home)
	h.awaitReady()
	h.kill()
	wantState(t, home, pgserver.Running)
	pid := report(t, home).PID
	server := start(t, home)
	if got := report(t, home).PID; got != pid {
		t.Errorf("the running server was not used: process %d, then %d", pid, got)
	}
	must(t, server.Close())
	wantState(t, home, pgserver.Stopped)
}

// TestKilledDuringInitdb kills the first command while it makes the cluster,
// together with a leftover of an older kill; the next one ends with a cluster.
func TestKilledDuringInitdb(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	old := filepath.Join(home, "postgres.initdb-1", "base")
	must(t, os.MkdirAll(old, 0o700))
	h := startHelper(t, home)
	awaitFile(t, filepath.Join(home, "postgres.initdb-*", "pg_wal"))
	h.kill()
	server := start(t, home)
	execSQL(t, server.URL(), "SELECT 1")
	left, err := filepath.Glob(filepath.Join(home, "postgres.initdb-*"))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
	must(t, server.Close())
}

func TestCancelledDuringInitdb(t *testing.T) {
	t.Parallel()
	home := newHome(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := pgserver.Start(ctx, pgserver.Config{Home: home})
		done <- err
	}()
	awaitFile(t, filepath.Join(home, "postgres.initdb-*", "pg_wal"))
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancellation", err)
	}
	left, err := filepath.Glob(filepath.Join(home, "postgres*"))
	must(t, err)
	for _, path := range left {
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			t.Errorf("left over: %s (%v)", path, err)
		}
	}
}

// TestCancelledStart cancels starts at many moments; none may leave a server.
func TestCancelledStart(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	for delay := time.Millisecond; delay < 400*time.Millisecond; delay *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), delay)
		server, err := pgserver.Start(ctx, pgserver.Config{Home: home})
		cancel()
		if err == nil {
			must(t, server.Close())
		} else if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %s: %v", delay, err)
		}
		wantState(t, home, pgserver.Stopped)
	}
	must(t, start(t, home).Close())
}
