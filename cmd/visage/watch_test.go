package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// shown is what a running command prints.
type shown struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *shown) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *shown) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *shown) await(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !strings.Contains(s.String(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never said %q: %s", text, s)
		}
	}
}

// A folder that is watched: what is added is enrolled, what is removed goes, and
// an interruption ends it well.
func TestIngestWatch(t *testing.T) {
	t.Parallel()
	v, dir := newVisage(t), t.TempDir()
	photo, err := os.ReadFile(filepath.Join(sampleDir(t), "sample-01.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var out, errOut shown
	code := make(chan int, 1)
	go func() {
		args := append(with(builtIn, "ingest", dir, "--watch", "--prune"), v.flags...)
		code <- run(ctx, args, &out, &errOut)
	}()
	out.await(t, "0 files: 0 ingested")
	if err := os.Mkdir(filepath.Join(dir, "anna"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "anna", "1.jpg")
	if err := os.WriteFile(file, photo, 0o600); err != nil {
		t.Fatal(err)
	}
	out.await(t, "1 files: 1 ingested")
	if got := answer[face.Identity](v, "identity", "show", "anna"); got.Images != 1 {
		t.Errorf("enrolled %+v", got)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	out.await(t, "1 vanished, 1 removed")
	cancel()
	if got := <-code; got != exitDone {
		t.Errorf("interrupted, it exits %d: %s", got, &errOut)
	}
	for _, flag := range []string{"--plan", "--manifest=faces.csv"} {
		if _, text, code := v.try(with(builtIn, "ingest", dir, "--watch", flag)...); code != exitMisused || !strings.Contains(text, "--watch") {
			t.Errorf("with %s: exit %d, %s", flag, code, text)
		}
	}
}
