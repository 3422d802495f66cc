package pgserver

import (
	"testing"
	"testing/fstest"
)

func TestSettingsFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		memory, shm int64
		want        settings
	}{
		"tiny container": {memory: 256 * mib, shm: 64 * mib, want: settings{64 * mib, 128 * mib, 64 * mib, 4 * mib, gib, gib, "mmap"}},
		"laptop":         {memory: 16 * gib, shm: 8 * gib, want: settings{4 * gib, 8 * gib, 2 * gib, 32 * mib, 4 * gib, 4 * gib, "posix"}},
		"small shm":      {memory: 16 * gib, shm: 64 * mib, want: settings{4 * gib, 8 * gib, 2 * gib, 32 * mib, 4 * gib, 4 * gib, "mmap"}},
		"big server":     {memory: 512 * gib, shm: 256 * gib, want: settings{16 * gib, 256 * gib, 8 * gib, 64 * mib, 8 * gib, 8 * gib, "posix"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := settingsFor(c.memory, c.shm); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no groups":       {files: map[string]string{}, want: 8 * gib},
		"v2 parent":       {files: map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "2147483648\n", "sys/fs/cgroup/a/b/memory.max": "max\n"}, want: 2 * gib},
		"v2 container":    {files: map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n"}, want: gib},
		"v1":              {files: map[string]string{"proc/self/cgroup": "4:cpu:/x\n3:memory:/x\n0::/\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1073741824\n"}, want: gib},
		"v1 in container": {files: map[string]string{"proc/self/cgroup": "3:memory:/docker/1\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n"}, want: 512 * mib},
		"v1 unlimited":    {files: map[string]string{"proc/self/cgroup": "3:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, want: 8 * gib},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := fstest.MapFS{"proc/meminfo": {Data: []byte("MemFree: 1 kB\nMemTotal: 8388608 kB\n")}}
			for path, text := range c.files {
				root[path] = &fstest.MapFile{Data: []byte(text)}
			}
			got, err := memoryLimit(root)
			if err != nil || got != c.want {
				t.Errorf("got %d (%v), want %d", got, err, c.want)
			}
		})
	}
	if _, err := memoryLimit(fstest.MapFS{}); err == nil {
		t.Error("no error without /proc/meminfo")
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	old, plain, vector := binaries{dir: "a", major: 14}, binaries{dir: "b", major: 17}, binaries{dir: "c", major: 16, vector: true}
	for name, c := range map[string]struct {
		installed []binaries
		major     int
		want      string // directory, "" for an error
	}{
		"newest":            {[]binaries{old, plain}, 0, "b"},
		"pgvector first":    {[]binaries{vector, plain}, 0, "c"},
		"the cluster's own": {[]binaries{vector, plain, old}, 14, "a"},
		"not installed":     {[]binaries{vector, plain}, 15, ""},
		"too old for a new": {[]binaries{old}, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := choose(c.installed, c.major)
			if got.dir != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %+v (%v), want directory %q", got, err, c.want)
			}
		})
	}
}
