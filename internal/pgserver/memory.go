package pgserver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// Memory is how many bytes of memory this process may use.
func Memory() (int64, error) { return memoryLimit(os.DirFS("/")) }

// memoryLimit returns how many bytes of memory this process may use: the
// machine's memory or the smallest limit of its control groups, whichever is
// less. root is the file system's root.
func memoryLimit(root fs.FS) (int64, error) {
	limit, err := machineMemory(root)
	if err != nil {
		return 0, err
	}
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if errors.Is(err, fs.ErrNotExist) {
		return limit, nil // a kernel without control groups
	}
	if err != nil {
		return 0, fmt.Errorf("read the memory limit: %w", err)
	}
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path, cgroups(7)
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		switch fields[1] {
		case "":
			limit = min(limit, groupLimit(root, "sys/fs/cgroup", fields[2], "memory.max", limit))
		case "memory":
			limit = min(limit, groupLimit(root, "sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes", limit))
		}
	}
	return limit, nil
}

// machineMemory reads MemTotal, which is in KiB, of proc(5).
func machineMemory(root fs.FS) (int64, error) {
	info, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("read the machine's memory: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(info))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "MemTotal:" {
			continue
		}
		kib, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the machine's memory: %w", err)
		}
		return kib << 10, nil
	}
	return 0, errors.New("read the machine's memory: /proc/meminfo has no MemTotal")
}

// groupLimit returns the smallest limit of a control group and its parents, or
// unlimited. A group that is not visible (a container sees its own as the
// root) or says "max" has none.
func groupLimit(root fs.FS, base, group, file string, unlimited int64) int64 {
	limit := unlimited
	for dir := path.Join("/", group); ; dir = path.Dir(dir) {
		text, err := fs.ReadFile(root, path.Join(base, dir, file))
		if err == nil {
			if bytes, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				limit = min(limit, bytes)
			}
		}
		if dir == "/" {
			return limit
		}
	}
}

// sharedMemorySize returns the size of /dev/shm in bytes, 0 where there is none.
func sharedMemorySize() int64 {
	var stat syscall.Statfs_t
	if err := syscall.Statfs("/dev/shm", &stat); err != nil {
		return 0
	}
	return int64(stat.Blocks) * stat.Bsize
}
