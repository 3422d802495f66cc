package pgserver

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// orphanGrace is how long the processes of a killed postmaster have to notice
// and end, which those that wait do at once and those that compute do late.
const orphanGrace = 3 * time.Second

// removeStale removes what a killed server left. Postgres would remove it
// itself, except where the old process id is by now some other process of the
// same user; then it would refuse to start. No process of the server lives.
func (c *cluster) removeStale() error {
	for _, path := range []string{
		filepath.Join(c.data, "postmaster.pid"),
		filepath.Join(c.socketDir, socketName),
		filepath.Join(c.socketDir, socketName+".lock"),
	} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove what a killed server left: %w", err)
		}
	}
	return nil
}

// endOrphans ends the server's processes where they have no postmaster any
// more: what they compute can reach nobody, and no new server may start beside
// them. SIGQUIT makes a Postgres process end at once; the crash is recovered
// from in any case.
func (c *cluster) endOrphans() error {
	if _, found := c.postmaster(); found {
		return nil
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return fmt.Errorf("look for processes of a killed database server: %w", err)
	}
	for _, process := range processes {
		// What cannot be read has ended meanwhile or is another user's.
		dir, err := os.Readlink(filepath.Join(process, "cwd"))
		if err != nil || dir != c.data {
			continue
		}
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err != nil || strings.TrimSpace(string(name)) != "postgres" {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(process))
		if err != nil {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("end process %d of a killed database server: %w", pid, err)
		}
	}
	return nil
}
