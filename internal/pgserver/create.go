package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// initdbLimit bounds the making of a cluster, which takes seconds; initdbGrace
// is what an interrupted initdb has to clean up before it is killed.
const (
	initdbLimit = 10 * time.Minute
	initdbGrace = 5 * time.Second
)

// create makes the cluster beside its place and renames it when complete, so
// that c.data never holds half a cluster.
func (c *cluster) create(ctx context.Context, bin binaries, startup *fileLock) error {
	c.log.Info("creating the private database cluster", "data", c.data, "postgres", bin.major)
	dir, err := os.MkdirTemp(c.home, "postgres.initdb-")
	if err != nil {
		return fmt.Errorf("make the database cluster: %w", err)
	}
	err = c.fill(ctx, dir, bin, startup)
	if err == nil {
		err = os.Rename(dir, c.data)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make the database cluster: %w", err), os.RemoveAll(dir))
	}
	return syncDir(c.home)
}

// fill runs initdb on the empty directory dir. The child shares the startup
// lock: if this process is killed, others wait until initdb has ended too.
func (c *cluster) fill(ctx context.Context, dir string, bin binaries, startup *fileLock) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := c.owner.own(root, "."); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, initdbLimit, fmt.Errorf("initdb takes longer than %s", initdbLimit))
	defer cancel()
	// C.UTF-8 sorts by code point everywhere and forever: no index breaks when
	// the system's locales are updated.
	cmd := exec.CommandContext(ctx, bin.path("initdb"), "-D", dir, "-U", roleName,
		"--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
		"--auth-local=peer", "--auth-host=reject", "--no-instructions")
	c.owner.prepare(cmd)
	cmd.Dir = dir
	cmd.ExtraFiles = []*os.File{startup.file}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = initdbGrace
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			killGroup(cmd)
			return context.Cause(ctx)
		}
		return fmt.Errorf("initdb in %s: %w; it said:\n%s", bin.dir, err, lastLines(out))
	}
	return c.writeFile(root, "postgresql.conf", mainConf)
}

// killGroup ends what an interrupted initdb has left of its own children, so
// that none writes on into a directory that is being removed. It has a process
// group of its own; where that is empty there is nothing to end.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}

// removeUnfinished removes the clusters that killed processes left half made.
func (c *cluster) removeUnfinished() error {
	left, err := filepath.Glob(filepath.Join(globQuote(c.home), "postgres.initdb-*"))
	if err != nil {
		return fmt.Errorf("look for unfinished clusters: %w", err)
	}
	for _, dir := range left {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove an unfinished cluster: %w", err)
		}
	}
	return nil
}

// globQuote makes filepath.Glob take path literally.
func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lastLines returns the last lines of a program's output.
func lastLines(out []byte) string {
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-logTailLines):], []byte("\n")))
}
