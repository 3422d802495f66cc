package pgserver_test

import (
	"errors"
	"io"
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

	"github.com/visagedb/visage/internal/pgserver"
)

func itoa(n int) string { return strconv.Itoa(n) }

// awaitFile returns when something matches the pattern.
func awaitFile(t *testing.T, pattern string) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if found, err := filepath.Glob(pattern); err != nil || len(found) > 0 {
			must(t, err)
			return
		}
	}
	t.Fatalf("%s does not appear", pattern)
}

// TestAwkwardHomes: the socket moves to a short private directory where the
// home's path is too long for it or has characters that need quoting.
func TestAwkwardHomes(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]string{
		"long":   strings.Repeat("long-", 30),
		"quoted": `a b,c'd"e$f[*]é`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			outer := newCluster(t)
			home := filepath.Join(outer, part)
			must(t, os.Mkdir(home, 0o755))
			must(t, os.Rename(filepath.Join(outer, "postgres"), filepath.Join(home, "postgres")))
			server := start(t, home)
			execSQL(t, server.URL(), "SELECT 1")
			u, err := url.Parse(server.URL())
			must(t, err)
			dir := u.Query().Get("host")
			info, err := os.Stat(dir)
			must(t, err)
			if info.Mode().Perm() != 0o700 || !strings.HasPrefix(dir, "/tmp/visage-") {
				t.Errorf("the socket's directory %s is %v, want one of its own of 0700", dir, info.Mode())
			}
			must(t, server.Close())
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left over (%v)", dir, err)
			}
			// Somebody else's directory in its place is not used.
			must(t, os.Mkdir(dir, 0o755))
			_, err = pgserver.Start(t.Context(), pgserver.Config{Home: home})
			must(t, os.Remove(dir))
			wantError(t, err, "made by somebody else")
		})
	}
}

func TestSymlinkedCluster(t *testing.T) {
	t.Parallel()
	target, home := newCluster(t), newHome(t)
	must(t, os.Rename(filepath.Join(target, "postgres"), filepath.Join(target, "moved")))
	must(t, os.Symlink(filepath.Join(target, "moved"), filepath.Join(home, "postgres")))
	must(t, start(t, home).Close())
	wantState(t, home, pgserver.Stopped)
}

func TestHomeThatThePostgresUserCannotEnter(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server as another user")
	}
	outer := newHome(t)
	closed := filepath.Join(outer, "closed")
	must(t, os.Mkdir(closed, 0o700))
	_, err := pgserver.Start(t.Context(), pgserver.Config{Home: filepath.Join(closed, "home")})
	wantError(t, err, "may not enter "+closed+":", "choose another --home")
}

// TestRootUsesAnotherUsersCluster: root must neither take the cluster from its
// owner nor leave files in it that the owner cannot read.
func TestRootUsesAnotherUsersCluster(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can run another user's cluster")
	}
	nobody, err := user.Lookup("nobody")
	must(t, err)
	home := newCluster(t)
	data := filepath.Join(home, "postgres")
	if out, err := exec.Command("chown", "-R", "nobody:", data).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	server := start(t, home)
	execSQL(t, server.URL(), "SELECT 1")
	must(t, server.Close())
	must(t, filepath.WalkDir(data, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && itoa(int(info.Sys().(*syscall.Stat_t).Uid)) != nobody.Uid {
			t.Errorf("%s belongs to another user than its cluster", path)
		}
		return err
	}))
}

// TestPlantedLink: the cluster's owner cannot make root write elsewhere.
func TestPlantedLink(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	outside, log := filepath.Join(home, "outside"), filepath.Join(home, "postgres", "server.log")
	must(t, os.Remove(log))
	must(t, os.Symlink(outside, log))
	_, err := pgserver.Start(t.Context(), pgserver.Config{Home: home})
	must(t, os.Remove(log))
	wantError(t, err, "open the database server's log")
	if _, err := os.Stat(outside); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file outside the cluster was made (%v)", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("no home", func(t *testing.T) {
		t.Parallel()
		_, err := pgserver.Start(t.Context(), pgserver.Config{})
		wantError(t, err, "Home is empty")
	})
	t.Run("no binaries", func(t *testing.T) {
		t.Parallel()
		_, err := pgserver.Start(t.Context(), pgserver.Config{Home: newHome(t), BinDir: "/nowhere"})
		if !errors.Is(err, pgserver.ErrNotInstalled) {
			t.Errorf("got %v, want ErrNotInstalled", err)
		}
		wantError(t, err, "make setup", "/nowhere")
	})
	t.Run("not a cluster", func(t *testing.T) {
		t.Parallel()
		home := newCluster(t)
		must(t, os.Remove(filepath.Join(home, "postgres", "PG_VERSION")))
		_, err := pgserver.Start(t.Context(), pgserver.Config{Home: home})
		wantError(t, err, "holds no database cluster")
	})
	t.Run("other version", func(t *testing.T) {
		t.Parallel()
		home := newCluster(t)
		must(t, os.WriteFile(filepath.Join(home, "postgres", "PG_VERSION"), []byte("9\n"), 0o600))
		_, err := pgserver.Start(t.Context(), pgserver.Config{Home: home})
		wantError(t, err, "made by PostgreSQL 9", "installed binaries are of 1")
	})
	t.Run("bad setting", func(t *testing.T) {
		t.Parallel()
		home := newCluster(t)
		addSetting(t, home, "shared_buffers = 'many'")
		_, err := pgserver.Start(t.Context(), pgserver.Config{Home: home})
		wantError(t, err, "ended while starting", `invalid value for parameter "shared_buffers": "many"`)
		wantState(t, home, pgserver.Stopped)
	})
}

func TestOwnSettingsWin(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	addSetting(t, home, "work_mem = '7MB'")
	server := start(t, home)
	if got := queryText(t, server.URL(), "SHOW work_mem"); got != "7MB" {
		t.Errorf("work_mem is %s, want the 7MB of postgresql.conf", got)
	}
	must(t, server.Close())
}

func TestLogIsBounded(t *testing.T) {
	t.Parallel()
	home := newCluster(t)
	log := filepath.Join(home, "postgres", "server.log")
	must(t, os.Truncate(log, 5<<20))
	must(t, start(t, home).Close())
	info, err := os.Stat(log)
	must(t, err)
	if info.Size() > 1<<20 {
		t.Errorf("the log has %d bytes", info.Size())
	}
}

func addSetting(t *testing.T, home, line string) {
	t.Helper()
	conf, err := os.OpenFile(filepath.Join(home, "postgres", "postgresql.conf"), os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = io.WriteString(conf, line+"\n")
	must(t, errors.Join(err, conf.Close()))
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got error %v, want one with %q", err, part)
		}
	}
}
