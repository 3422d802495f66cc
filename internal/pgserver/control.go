package pgserver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// State says what the server is doing.
type State string

// The states. A server that recovers from a crash, or that shuts down, is Busy.
const (
	Stopped State = "stopped" // no process of it lives
	Busy    State = "busy"    // it lives but does not answer now
	Running State = "running" // it answers
)

// Report describes a cluster and its server.
type Report struct {
	State   State  `json:"state"`
	PID     int    `json:"pid,omitempty"`     // of the postmaster; 0 where none runs
	Kept    bool   `json:"kept"`              // runs until Stop, as Keep asked
	Version string `json:"version,omitempty"` // of the running server, such as "15.20"
	Data    string `json:"data"`              // the cluster's directory
	Log     string `json:"log"`               // the server's log file
	URL     string `json:"url"`               // where it answers when it runs
}

// Status reports on the cluster of cfg. It starts nothing, creates nothing
// and waits for no other command.
func Status(ctx context.Context, cfg Config) (Report, error) {
	c, err := existingCluster(cfg)
	if err != nil || c == nil {
		return Report{State: Stopped}, err
	}
	report := Report{State: Stopped, Data: c.data, Log: c.logPath(), URL: c.url(databaseName)}
	if report.Kept, err = exists(c.keepMarker); err != nil {
		return report, err
	}
	alive, err := c.alive()
	if err != nil || !alive {
		return report, err
	}
	report.State = Busy
	if pid, ok := c.postmaster(); ok {
		report.PID = pid
	}
	version, err := c.ping(ctx)
	if err == nil {
		report.State, report.Version = Running, version
	}
	return report, ctx.Err()
}

// Stop ends the keeping and stops the server with a fast shutdown, whoever
// uses it: open transactions are rolled back and connections closed. Stopping
// what does not run does nothing.
func Stop(ctx context.Context, cfg Config) error {
	c, err := existingCluster(cfg)
	if err != nil || c == nil {
		return err
	}
	startup, err := waitLock(ctx, c.startupLock, exclusive)
	if err != nil {
		return fmt.Errorf("wait for the database's startup lock: %w", err)
	}
	defer startup.release()
	if err := os.Remove(c.keepMarker); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the mark that keeps the database: %w", err)
	}
	return c.stop(ctx)
}

// existingCluster returns the cluster of cfg, or nil where its home directory
// or the cluster in it does not exist.
func existingCluster(cfg Config) (*cluster, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	if found, err := exists(cfg.Home); err != nil || !found {
		return nil, err
	}
	c, err := newCluster(cfg)
	if err != nil {
		return nil, err
	}
	if found, err := exists(c.data); err != nil || !found {
		return nil, err
	}
	return c, nil
}
