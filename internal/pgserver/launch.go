package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// startLimit bounds a start. A crash recovery replays up to max_wal_size
	// and may take minutes on a slow disk; while the server says that it is
	// starting, it is left to it.
	startLimit = time.Hour
	// silentLimit bounds how long a living server may give no answer at all:
	// before it listens, or while processes of a crashed one die.
	silentLimit = time.Minute
	// stopLimit bounds a fast shutdown, which writes all changed buffers.
	stopLimit = 10 * time.Minute
	// pingLimit bounds one connection attempt.
	pingLimit = 10 * time.Second
)

// ensureRunning returns once the server answers, after starting it where none
// lives. startup is the held startup lock.
func (c *cluster) ensureRunning(ctx context.Context, startup *fileLock) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit,
		fmt.Errorf("the database server is not ready after %s", startLimit))
	defer cancel()
	started := false
	lastHeard := time.Now()
	for {
		living, err := c.alive()
		switch {
		case err != nil:
			return fmt.Errorf("look for the database server: %w", err)
		case !living && started:
			return c.withLog(errors.New("the database server ended while starting"))
		case !living:
			if err := c.start(ctx, startup); err != nil {
				return err
			}
			started, lastHeard = true, time.Now()
		}
		ready, err := c.hear(ctx, &lastHeard)
		if err != nil {
			return c.withLog(err)
		}
		if ready {
			return c.boundLog()
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

// hear pings the server once and says whether it is ready. It notes when the
// server last gave any answer, and fails where waiting longer cannot help.
func (c *cluster) hear(ctx context.Context, lastHeard *time.Time) (bool, error) {
	_, err := c.ping(ctx)
	if err == nil {
		return true, nil
	}
	switch answer(err) {
	case noAnswer:
	case cannotConnectNow:
		*lastHeard = time.Now()
	case noSuchDatabase:
		*lastHeard = time.Now()
		return false, c.createDatabase(ctx)
	default:
		return false, fmt.Errorf("the database server refuses: %w", err)
	}
	silence := time.Since(*lastHeard)
	if silence > silentLimit {
		return false, fmt.Errorf("processes of the database server live but none answers at %s for %s: %w",
			filepath.Join(c.socketDir, socketName), silentLimit, err)
	}
	if silence > orphanGrace {
		return false, c.endOrphans()
	}
	return false, nil
}

// start makes the cluster if there is none and starts its server, without
// waiting for it to answer. No process of it lives.
func (c *cluster) start(ctx context.Context, startup *fileLock) error {
	var err error
	if c.owner, err = clusterOwner(c.data); err != nil { // another may have made it meanwhile
		return err
	}
	major, err := c.major()
	if err != nil {
		return err
	}
	bin, err := findBinaries(ctx, c.binDir, major)
	if err != nil {
		return err
	}
	if err := c.owner.checkReach(ctx, c.home, bin.path("postgres")); err != nil {
		return err
	}
	if err := c.removeUnfinished(); err != nil {
		return err
	}
	if major == 0 {
		if err := c.create(ctx, bin, startup); err != nil {
			return err
		}
	}
	if err := c.removeStale(); err != nil {
		return err
	}
	if err := c.makeSocketDir(); err != nil {
		return err
	}
	if err := c.configure(); err != nil {
		return err
	}
	return c.launch(ctx, bin)
}

// launch runs the postmaster. It inherits the server lock, which it and all
// its children hold until the last of them is gone.
func (c *cluster) launch(ctx context.Context, bin binaries) error {
	log, err := c.openLog()
	if err != nil {
		return err
	}
	defer log.Close() // the server has its own copy
	// Another command's look at the lock may hold it for a moment.
	lockCtx, cancel := context.WithTimeoutCause(ctx, silentLimit,
		fmt.Errorf("another process holds it for longer than %s", silentLimit))
	defer cancel()
	lock, err := waitLock(lockCtx, c.serverLock, exclusive)
	if err != nil {
		return fmt.Errorf("take the server lock: %w", err)
	}
	defer lock.leave() // to the server; if that does not start, to nobody
	// It outlives ctx and this process.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), bin.path("postgres"), "-D", c.data)
	cmd.Dir = c.data
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{lock.file}
	c.owner.prepare(cmd)
	cmd.Env = append(cmd.Env, keptMemory()...)
	c.log.Info("starting the private database server", "data", c.data, "postgres", bin.major)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("run the database server: %w", err)
	}
	go c.reap(cmd)
	return nil
}

// keptMemory makes glibc keep what a search has freed for the next one, up to 64 MiB
// in each process of the server. As it comes, it gives all above 128 KiB back to the
// kernel after each search (mallopt(3), M_TRIM_THRESHOLD and M_MMAP_THRESHOLD), and an
// HNSW search of 200 nodes allocates megabytes, page for page: without this it takes
// up to twice as long.
func keptMemory() []string {
	return []string{fmt.Sprintf("MALLOC_TRIM_THRESHOLD_=%d", 64*mib), fmt.Sprintf("MALLOC_MMAP_THRESHOLD_=%d", 32*mib)}
}

// reap waits for the server, so that it leaves no zombie if it ends before
// this process. How it ended stands in its log.
func (c *cluster) reap(cmd *exec.Cmd) {
	c.log.Debug("the private database server ended", "data", c.data, "result", cmd.Wait())
}

// stop shuts the server down and returns when its last process is gone.
// Stopping what does not run only removes what it left.
func (c *cluster) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, stopLimit,
		fmt.Errorf("the database server still shuts down after %s", stopLimit))
	defer cancel()
	began, signalled := time.Now(), false
	for {
		living, err := c.alive()
		if err != nil {
			return fmt.Errorf("look for the database server: %w", err)
		}
		if !living {
			return errors.Join(c.removeSocketDir(), c.boundLog())
		}
		if !signalled { // it may be too young to have written postmaster.pid
			if signalled, err = c.signal(syscall.SIGINT); err != nil {
				return err
			}
		}
		if time.Since(began) > orphanGrace {
			if err := c.endOrphans(); err != nil {
				return err
			}
		}
		if err := pause(ctx, pollEvery); err != nil {
			return c.withLog(fmt.Errorf("stop the database server: %w", err))
		}
	}
}
