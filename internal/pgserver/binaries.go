package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minMajor is the oldest PostgreSQL that a new cluster is made with.
const minMajor = 15

// ErrNotInstalled says that the machine has no PostgreSQL to run.
var ErrNotInstalled = errors.New("PostgreSQL is not installed (run make setup, or name a database with --database-url)")

// binaries is one installed PostgreSQL.
type binaries struct {
	dir    string
	major  int
	vector bool // pgvector is known to be installed for it
}

func (b binaries) path(program string) string { return filepath.Join(b.dir, program) }

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// inspect looks at the PostgreSQL in dir.
func inspect(ctx context.Context, dir string) (binaries, error) {
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return binaries{}, err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "-V").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("ask postgres in %s for its version: %w", dir, err)
	}
	match := versionPattern.FindSubmatch(out)
	if match == nil {
		return binaries{}, fmt.Errorf("postgres in %s states no version: %q", dir, out)
	}
	major, err := strconv.Atoi(string(match[1]))
	if err != nil {
		return binaries{}, fmt.Errorf("postgres in %s: %w", dir, err)
	}
	// Where Debian and Ubuntu put the extensions of a version.
	vector, err := exists(fmt.Sprintf("/usr/share/postgresql/%d/extension/vector.control", major))
	return binaries{dir: dir, major: major, vector: vector}, err
}

// findBinaries returns the PostgreSQL in dir or, where dir is empty, the best
// installed one. major is that of the cluster to run, 0 for a new one.
func findBinaries(ctx context.Context, dir string, major int) (binaries, error) {
	installed, err := installedBinaries(ctx, dir)
	if err != nil {
		return binaries{}, err
	}
	return choose(installed, major)
}

// installedBinaries inspects dir or, where it is empty, all usual places.
// Places without a working PostgreSQL do not count, unless they were asked for.
func installedBinaries(ctx context.Context, dir string) ([]binaries, error) {
	if dir != "" {
		found, err := inspect(ctx, dir)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotInstalled, err)
		}
		return []binaries{found}, nil
	}
	var installed []binaries
	for _, candidate := range usualPlaces(ctx) {
		if found, err := inspect(ctx, candidate); err == nil {
			installed = append(installed, found)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if len(installed) == 0 {
		return nil, ErrNotInstalled
	}
	return installed, nil
}

// usualPlaces lists where a PostgreSQL may be: Debian's and Ubuntu's
// directories, what pg_config names, and the search path.
func usualPlaces(ctx context.Context) []string {
	places, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		places = nil // a glob fails only for a bad pattern
	}
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		places = append(places, strings.TrimSpace(string(out)))
	}
	if program, err := exec.LookPath("postgres"); err == nil {
		places = append(places, filepath.Dir(program))
	}
	return places
}

// choose picks what can run a cluster of the given major version or, where
// that is 0, what a new one is best made with: pgvector first, then newest.
func choose(installed []binaries, major int) (binaries, error) {
	if major != 0 {
		i := slices.IndexFunc(installed, func(b binaries) bool { return b.major == major })
		if i < 0 {
			return binaries{}, fmt.Errorf("the cluster was made by PostgreSQL %d and the installed binaries are of %s: install postgresql-%d, or move the data with pg_upgrade, or choose another --home",
				major, majors(installed), major)
		}
		return installed[i], nil
	}
	best := slices.MaxFunc(installed, func(a, b binaries) int {
		if a.vector != b.vector {
			if a.vector {
				return 1
			}
			return -1
		}
		return a.major - b.major
	})
	if best.major < minMajor {
		return binaries{}, fmt.Errorf("PostgreSQL %d in %s is too old, %d is needed: run make setup", best.major, best.dir, minMajor)
	}
	return best, nil
}

func majors(installed []binaries) string {
	var names []string
	for _, b := range installed {
		names = append(names, strconv.Itoa(b.major))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// FindProgram returns the path of one of PostgreSQL's programs, such as pgbench: the one
// beside the server that a new cluster would be made with or, where there is none, the
// one in the search path. The error is exec.ErrNotFound where there is neither.
func FindProgram(ctx context.Context, name string) (string, error) {
	if best, err := findBinaries(ctx, "", 0); err == nil {
		if path, err := exec.LookPath(best.path(name)); err == nil {
			return path, nil
		}
	}
	return exec.LookPath(name)
}
