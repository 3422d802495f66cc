package pgserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// leaveLimit is how long a leaving command waits for the startup lock. Who
// holds it for longer is either starting the server, and thereby uses it, or
// stopping it; in both cases there is nothing to stop for who leaves.
const leaveLimit = 30 * time.Second

// Config says where the cluster lies and what runs it.
type Config struct {
	// Home is the directory that holds the cluster, as Home/postgres. It is
	// created where it does not exist. Required.
	Home string
	// BinDir is the directory of initdb and postgres. Defaults to the version
	// that made the cluster; for a new cluster to the newest installed one,
	// those that have pgvector first.
	BinDir string
	// Logger is told what takes time: the making and the starting of a
	// cluster. Defaults to silence.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	if c.Home == "" {
		return errors.New("pgserver: Home is empty; name the directory that shall hold the cluster")
	}
	return nil
}

// Server is one command's use of the running server. Close ends the use.
type Server struct {
	cluster *cluster
	users   *fileLock

	closing  sync.Once
	closeErr error
}

// Start makes the cluster if there is none, starts its server if none runs,
// and returns once the server answers. Several processes may call it at once.
// When ctx ends first, or something fails, nothing is left half done: no
// partial cluster, and no server that nobody uses.
//
// The error is ErrNotInstalled where there are no PostgreSQL binaries; an
// error of the server or of initdb ends with the last lines of its log.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Home, 0o755); err != nil {
		return nil, fmt.Errorf("make the home directory: %w", err)
	}
	c, err := newCluster(cfg)
	if err != nil {
		return nil, err
	}
	startup, err := waitLock(ctx, c.startupLock, exclusive)
	if err != nil {
		return nil, fmt.Errorf("wait for the database's startup lock: %w", err)
	}
	defer startup.release()
	// Nobody holds it exclusively without holding the startup lock too.
	users, err := tryLock(c.usersLock, shared)
	if err != nil {
		return nil, fmt.Errorf("take the database's users lock: %w", err)
	}
	if err := c.ensureRunning(ctx, startup); err != nil {
		return nil, errors.Join(err, c.leave(context.WithoutCancel(ctx), users))
	}
	return &Server{cluster: c, users: users}, nil
}

// URL returns the connection URL of the database "visage" as its superuser
// "visage", for pgx and libpq alike, over the unix socket.
func (s *Server) URL() string { return s.cluster.url(databaseName) }

// Keep lets the server run on after the last command has left it, until Stop.
func (s *Server) Keep() error {
	if err := os.WriteFile(s.cluster.keepMarker, nil, 0o600); err != nil {
		return fmt.Errorf("mark the database as kept: %w", err)
	}
	return nil
}

// Close ends this use of the server. The last one out stops it, with a fast
// shutdown, unless it is kept. Calling Close again does nothing and returns
// what the first call returned.
func (s *Server) Close() error {
	s.closing.Do(func() { s.closeErr = s.close(context.Background()) })
	return s.closeErr
}

func (s *Server) close(ctx context.Context) error {
	lockCtx, cancel := context.WithTimeout(ctx, leaveLimit)
	defer cancel()
	startup, err := waitLock(lockCtx, s.cluster.startupLock, exclusive)
	if errors.Is(err, context.DeadlineExceeded) {
		s.users.release()
		return nil
	}
	if err != nil {
		s.users.release()
		return fmt.Errorf("wait for the database's startup lock: %w", err)
	}
	defer startup.release()
	return s.cluster.leave(ctx, s.users)
}

// leave gives up the users lock and stops the server if nobody else holds it
// and it is not kept. The caller holds the startup lock.
func (c *cluster) leave(ctx context.Context, users *fileLock) error {
	users.release()
	last, err := tryLock(c.usersLock, exclusive)
	if errors.Is(err, errBusy) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("see whether others use the database: %w", err)
	}
	defer last.release()
	kept, err := exists(c.keepMarker)
	if err != nil || kept {
		return err
	}
	return c.stop(ctx)
}
