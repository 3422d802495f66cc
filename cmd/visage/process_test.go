package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is a visage in a process of its own.
type program struct {
	*exec.Cmd
	out, errOut shown
}

// process starts the program in a process of its own.
func process(t *testing.T, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Cmd: exec.Command(self, args...)}
	p.Env = append(os.Environ(), asVisage+"=1")
	p.Stdout, p.Stderr = &p.out, &p.errOut
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill() // it has ended, where all went well
		_ = p.Wait()         // was called already, where all went well; what it says is complete after it
		if t.Failed() {
			t.Logf("visage %q says: %s", args, &p.errOut)
		}
	})
	return p
}

// killWhen kills the program as soon as it is time, and says whether that hit it
// before its own end, which must be a good one.
func (p *program) killWhen(t *testing.T, due func(since time.Duration) bool) bool {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Wait() // the state says how it ended
	}()
	begun, over := time.Now(), false
	for !over && !due(time.Since(begun)) {
		select {
		case <-ended:
			over = true
		case <-time.After(time.Millisecond):
		}
	}
	_ = p.Process.Kill() // it may have ended
	<-ended
	status, ok := p.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Exited() && status.ExitStatus() != exitDone {
		t.Errorf("visage exits %d: %s", status.ExitStatus(), &p.errOut)
	}
	return ok && status.Signaled()
}

// reachableDir is a folder that the system's user postgres can enter, as those
// of t.TempDir may not be.
func reachableDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "visage-home")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// privateVisage is a visage with a private Postgres of its own, which runs until
// the test ends, and its address.
func privateVisage(t *testing.T) (v visage, url string) {
	t.Helper()
	v = visage{t, []string{"--home", reachableDir(t), "--log-level", "warn"}}
	url = strings.TrimSpace(v.do("db", "start"))
	t.Cleanup(func() { v.do("db", "stop") })
	v.do("migrate", "up")
	return v, url
}

// data is the folder of a private Postgres.
func (v visage) data() string { return filepath.Join(v.flags[1], "postgres") }
