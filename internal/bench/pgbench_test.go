package bench

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// The logs of two threads, of which what began in the first second does not count.
func TestReadLogs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"log.1":   "0 0 1000 0 1700000000 001000\n0 1 2000 0 1700000001 002000\n0 2 3000 0 1700000002 000000 7\n",
		"log.1.1": "1 0 500000 0 1700000001 400000\n1 1 4000 0 1700000003 000000\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	done, err := readLogs(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := counted(done, 2, time.Second)
	ms := time.Millisecond
	if err != nil || len(got) != 2 || !slices.Equal(got[0], []time.Duration{2 * ms, 3 * ms}) || !slices.Equal(got[1], []time.Duration{4 * ms}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := counted(done, 1, 0); err == nil {
		t.Error("a client that there was not counts")
	}
	if _, err := counted(done, 2, time.Hour); err == nil {
		t.Error("nothing in the time that counts, and no error")
	}
	for _, line := range []string{"", "0 1 2", "0 1 failed 0 1 2", "-1 1 2 3 4 5"} {
		if _, err := parseTransaction(line); err == nil {
			t.Errorf("the line %q is read", line)
		}
	}
}
