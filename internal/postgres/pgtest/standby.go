package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// standbyPatience bounds what a test waits for of a standby.
const standbyPatience = time.Minute

// Standby is a streaming replica of a server on this machine, run from the server's
// own binaries. It ends with the test.
type Standby struct {
	// URL is its address, of the database of the primary's URL.
	URL string

	t       testing.TB
	dir     string
	bin     string // folder of the binaries
	command *exec.Cmd
}

// NewStandby copies the server of the URL with pg_basebackup and starts the copy as a
// replica that streams from it. The URL is a superuser's, over a unix socket.
func NewStandby(t testing.TB, primary string) *Standby {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "visage-standby-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &Standby{t: t, dir: dir}
	address, err := url.Parse(primary)
	must(t, err)
	query := address.Query()
	query.Set("host", dir)
	address.RawQuery = query.Encode()
	s.URL = address.String()
	s.bin = read[string](t, primary, `SELECT setting FROM pg_config WHERE name = 'BINDIR'`)
	if os.Geteuid() == 0 {
		owner := postgresUser(t)
		must(t, os.Chown(dir, int(owner.Uid), int(owner.Gid)))
	}
	must(t, os.Chmod(dir, 0o755))
	out, err := s.program("pg_basebackup", "-d", primary, "-D", filepath.Join(dir, "data"), "-R", "-c", "fast").CombinedOutput()
	if err != nil {
		t.Fatalf("pg_basebackup: %v: %s", err, out)
	}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// Start starts it and waits until it answers.
func (s *Standby) Start() {
	s.t.Helper()
	s.command = s.program("postgres", "-D", filepath.Join(s.dir, "data"),
		"-c", "unix_socket_directories="+s.dir, "-c", "shared_buffers=32MB", "-c", "fsync=off")
	s.command.Dir = filepath.Join(s.dir, "data") // names of files in the settings are relative to it
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(s.t, err)
	s.command.Stdout, s.command.Stderr = log, log
	must(s.t, s.command.Start())
	must(s.t, log.Close())
	s.await("the start", func() bool {
		conn, err := pgx.Connect(context.Background(), s.URL)
		if err != nil {
			return false
		}
		return conn.Close(context.Background()) == nil
	})
}

// Kill ends it at once, with all connections, as a crash does. It does nothing
// where it does not run.
func (s *Standby) Kill() {
	if s.command == nil {
		return
	}
	s.Thaw()
	_ = s.command.Process.Signal(syscall.SIGQUIT) // it may have ended
	_ = s.command.Wait()                          // reports the signal
	s.command = nil
}

// Freeze stops all its processes where they are, as a machine does that hangs.
func (s *Standby) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets them go on.
func (s *Standby) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Standby) signal(signal syscall.Signal) {
	s.t.Helper()
	pid := s.command.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	must(s.t, err)
	for _, text := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		child, err := strconv.Atoi(text)
		must(s.t, err)
		_ = syscall.Kill(child, signal) // it may have ended
	}
}

// CatchUp waits until it has replayed all that the primary has written.
func (s *Standby) CatchUp(primary string) {
	s.t.Helper()
	end := read[string](s.t, primary, `SELECT pg_current_wal_flush_lsn()::text`)
	s.await("the replay", func() bool {
		return read[bool](s.t, s.URL, `SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn`, end)
	})
}

func (s *Standby) log() string { return filepath.Join(s.dir, "log") }

// await waits until something is so.
func (s *Standby) await(what string, so func() bool) {
	s.t.Helper()
	for end := time.Now().Add(standbyPatience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			log, err := os.ReadFile(s.log())
			s.t.Fatalf("waited for %s of the replica for %s; its log (%v): %s", what, standbyPatience, err, log)
		}
	}
}

// program is one of the server's binaries, not run as root, which they refuse.
func (s *Standby) program(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bin, name), args...) // Kill ends it
	cmd.Dir = s.dir
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: postgresUser(s.t)}
	}
	return cmd
}

// postgresUser is the operating system's user that the private Postgres is run as
// where root does.
func postgresUser(t testing.TB) *syscall.Credential {
	t.Helper()
	found, err := user.Lookup("postgres")
	must(t, err)
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	must(t, err)
	gid, err := strconv.ParseUint(found.Gid, 10, 32)
	must(t, err)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// read reads one value over a connection of its own.
func read[T any](t testing.TB, address, query string, args ...any) (value T) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), address)
	must(t, err)
	err = conn.QueryRow(context.Background(), query, args...).Scan(&value)
	must(t, err)
	must(t, conn.Close(context.Background()))
	return value
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
