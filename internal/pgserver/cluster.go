package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// cluster is one data directory with what is needed to run it. Its methods
// that change anything need the startup lock.
type cluster struct {
	layout
	owner  osUser
	binDir string
	log    *slog.Logger
}

// newCluster describes the cluster of cfg, whose home directory exists.
func newCluster(cfg Config) (*cluster, error) {
	where, err := newLayout(cfg.Home)
	if err != nil {
		return nil, err
	}
	owner, err := clusterOwner(where.data)
	if err != nil {
		return nil, err
	}
	return &cluster{layout: where, owner: owner, binDir: cfg.BinDir, log: cfg.Logger}, nil
}

// major returns the PostgreSQL version that made the cluster, 0 if there is none.
func (c *cluster) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if found, err := exists(c.data); err != nil || !found {
			return 0, err
		}
		return 0, fmt.Errorf("%s is there but holds no database cluster: move it away or choose another --home", c.data)
	}
	if err != nil {
		return 0, fmt.Errorf("read the cluster's version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read the cluster's version: %w", err)
	}
	return major, nil
}

// alive says whether any process of the server lives. The server's processes
// hold the server lock; one that was started by hand is known by its directory.
func (c *cluster) alive() (bool, error) {
	lock, err := tryLock(c.serverLock, shared)
	if errors.Is(err, errBusy) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	lock.release()
	_, found := c.postmaster()
	return found, nil
}

// postmaster returns the process id of the running postmaster. The id in
// postmaster.pid may be stale and by now another process's, so the process
// must also work in the data directory, as a postmaster does.
func (c *cluster) postmaster() (int, bool) {
	text, err := os.ReadFile(filepath.Join(c.data, "postmaster.pid"))
	if err != nil {
		return 0, false
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return 0, false
	}
	dir, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return pid, err == nil && dir == c.data
}

// signal sends sig to the postmaster, if it runs.
func (c *cluster) signal(sig syscall.Signal) (bool, error) {
	pid, found := c.postmaster()
	if !found {
		return false, nil
	}
	if err := syscall.Kill(pid, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return false, fmt.Errorf("signal the database server, process %d: %w", pid, err)
	}
	return true, nil
}

// ping connects to the database and returns the server's version.
func (c *cluster) ping(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.url(databaseName))
	if err != nil {
		return "", err
	}
	version, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), " ")
	return version, conn.Close(ctx)
}

// createDatabase makes the database in a cluster that has none yet.
func (c *cluster) createDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+databaseName)
	if err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))); err != nil {
		return fmt.Errorf("create the database: %w", err)
	}
	return nil
}

// The SQLSTATEs that a starting or stopping server answers with, manual
// appendix A, and two words of ours for all other outcomes.
const (
	cannotConnectNow  = "57P03" // starting up, recovering or shutting down
	adminShutdown     = "57P01"
	crashShutdown     = "57P02"
	noSuchDatabase    = "3D000"
	answeredOtherwise = "other"
	noAnswer          = ""
)

// answer classifies the outcome of a ping: a SQLSTATE of those above,
// answeredOtherwise for any other answer of the server, noAnswer where there
// was none.
func answer(err error) string {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return noAnswer
	}
	switch refused.Code {
	case cannotConnectNow, adminShutdown, crashShutdown:
		return cannotConnectNow
	case noSuchDatabase:
		return noSuchDatabase
	}
	return answeredOtherwise
}
