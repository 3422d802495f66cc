package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

// Run has so many clients run a script of one SQL command over connections of their
// own, as a prepared statement, for the given time in whole seconds. What each
// client's first run took, in which the statement is prepared and planned, is left
// out, unless it is the only one.
func (p Pgbench) Run(ctx context.Context, script string, clients int, length time.Duration) (_ Timings, err error) {
	dir, err := os.MkdirTemp("", "visage-pgbench")
	if err != nil {
		return nil, fmt.Errorf("run pgbench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "search.sql")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return nil, fmt.Errorf("run pgbench: %w", err)
	}
	cmd := exec.CommandContext(ctx, p.Program, "--no-vacuum", "--protocol=prepared", "--file="+file,
		"--client="+strconv.Itoa(clients), "--jobs="+strconv.Itoa(min(clients, runtime.GOMAXPROCS(0))),
		"--time="+strconv.Itoa(max(1, int(length.Seconds()))), "--log", "--log-prefix="+filepath.Join(dir, "log"))
	cmd.Env = append(os.Environ(), p.Env...)
	var told bytes.Buffer
	cmd.Stderr = &told
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", p.Program, err, bytes.TrimSpace(told.Bytes()))
	}
	logs, err := filepath.Glob(filepath.Join(dir, "log*")) // one for each thread
	if err != nil {
		return nil, fmt.Errorf("read the log of pgbench: %w", err)
	}
	taken := make(Timings, clients)
	for _, log := range logs {
		if err := readLog(log, taken); err != nil {
			return nil, fmt.Errorf("read the log of pgbench: %w", err)
		}
	}
	for i, client := range taken {
		if len(client) > 1 {
			taken[i] = client[1:]
		}
	}
	return taken, nil
}

// readLog adds the transactions of one of pgbench's logs, whose lines begin with the
// client's number, the transaction's and how many microseconds it took (PostgreSQL
// manual, pgbench, "Per-Transaction Logging").
func readLog(name string, taken Timings) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return parseLog(file, taken)
}

func parseLog(log io.Reader, taken Timings) error {
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			return fmt.Errorf("a line with %d fields: %q", len(fields), lines.Text())
		}
		client, err := strconv.Atoi(fields[0])
		if err == nil && (client < 0 || client >= len(taken)) {
			err = fmt.Errorf("client %d of %d", client, len(taken))
		}
		took, wrong := strconv.ParseInt(fields[2], 10, 64)
		if err = errors.Join(err, wrong); err != nil {
			return fmt.Errorf("the line %q: %w", lines.Text(), err)
		}
		taken[client] = append(taken[client], time.Duration(took)*time.Microsecond)
	}
	return lines.Err()
}
