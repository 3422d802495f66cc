package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Pgbench runs PostgreSQL's own benchmark client.
type Pgbench struct {
	Program string   // its path
	Env     []string // PG variables that say which database, and under which settings
}

// Run has so many clients run a script of one SQL command, as a prepared statement
// over connections of their own, until the span is over, which is rounded up to a
// second. What began before the span counts is left out.
func (p Pgbench) Run(ctx context.Context, script string, clients int, span Span) (_ Timings, err error) {
	dir, err := os.MkdirTemp("", "visage-pgbench")
	if err != nil {
		return nil, fmt.Errorf("run pgbench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "search.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return nil, fmt.Errorf("run pgbench: %w", err)
	}
	seconds := math.Ceil((span.Warm + span.Counted).Seconds())
	cmd := exec.CommandContext(ctx, p.Program, "--no-vacuum", "--protocol=prepared", "--file="+file,
		"--client="+strconv.Itoa(clients), "--jobs="+strconv.Itoa(min(clients, runtime.GOMAXPROCS(0))),
		fmt.Sprintf("--time=%.0f", seconds), "--log", "--log-prefix="+filepath.Join(dir, "log"))
	cmd.Env = append(os.Environ(), p.Env...)
	var told bytes.Buffer
	cmd.Stderr = &told
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", p.Program, err, bytes.TrimSpace(told.Bytes()))
	}
	done, err := readLogs(dir)
	if err != nil {
		return nil, fmt.Errorf("read the log of pgbench: %w", err)
	}
	return counted(done, clients, span.Warm)
}

// transaction is what pgbench says of one.
type transaction struct {
	client int
	began  time.Time
	took   time.Duration
}

// counted are the transactions that began when the warming up was over.
func counted(done []transaction, clients int, warm time.Duration) (Timings, error) {
	taken := make(Timings, clients)
	if len(done) == 0 {
		return nil, errors.New("pgbench did nothing in the time that it was given: give it more")
	}
	first := done[0].began
	for _, t := range done {
		if t.began.Before(first) {
			first = t.began
		}
	}
	for _, t := range done {
		if t.client >= clients {
			return nil, fmt.Errorf("pgbench tells of client %d, but had %d", t.client, clients)
		}
		if t.began.Sub(first) >= warm {
			taken[t.client] = append(taken[t.client], t.took)
		}
	}
	if taken.PerSecond() == 0 {
		return nil, fmt.Errorf("pgbench began nothing after %s of warming up: give it more time", warm)
	}
	return taken, nil
}

// readLogs reads the logs of all threads.
func readLogs(dir string) (done []transaction, err error) {
	logs, err := filepath.Glob(filepath.Join(dir, "log*"))
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			t, err := parseTransaction(line)
			if err != nil {
				return nil, err
			}
			done = append(done, t)
		}
	}
	return done, err
}

// parseTransaction reads a line of the log, which has the numbers of the client and of
// its transaction, how many microseconds that took, the script's number, and when it
// ended, in seconds and microseconds (PostgreSQL manual, pgbench, "Per-Transaction
// Logging").
func parseTransaction(line string) (transaction, error) {
	fields := strings.Fields(line)
	var values [6]int64
	if len(fields) < len(values) {
		return transaction{}, fmt.Errorf("the line %q has %d fields", line, len(fields))
	}
	for i := range values {
		value, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil || value < 0 {
			return transaction{}, fmt.Errorf("the line %q has %q where a number belongs", line, fields[i])
		}
		values[i] = value
	}
	took := time.Duration(values[2]) * time.Microsecond
	ended := time.Unix(values[4], values[5]*int64(time.Microsecond))
	return transaction{client: int(values[0]), began: ended.Add(-took), took: took}, nil
}
