package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// Where there is no terminal a line comes every now and then, and one at the end
// that says how far it came.
func TestPlainLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	seldom := newBar(&out, "photographs").withLines(&out, time.Hour)
	for i := range 100 {
		seldom.show(i+1, 0, "1 faces")
	}
	if out.Len() > 0 {
		t.Errorf("before its time: %s", out.String())
	}
	if err := seldom.close(); err != nil || out.String() != "100 photographs, 1 faces, 0s so far\n" {
		t.Errorf("at the end: %q, %v", out.String(), err)
	}
	out.Reset()
	often := newBar(&out, "photographs").withLines(&out, 0)
	often.show(1, 2, "a")
	often.show(2, 2, "b")
	if err := often.close(); err != nil || out.String() != "1 of 2 photographs, a, 0s so far\n2 of 2 photographs, b, 0s so far\n" {
		t.Errorf("at all times: %q, %v", out.String(), err)
	}
	out.Reset()
	silent := newBar(&out, "bytes")
	silent.show(1, 2, "")
	if err := silent.close(); err != nil || out.Len() > 0 {
		t.Errorf("a bar without lines writes %q, %v", out.String(), err)
	}
}

// The true program says lines to a pipe and draws a bar on a terminal.
func TestIngestShowsItsProgress(t *testing.T) {
	t.Parallel()
	people := filepath.Join(sampleDir(t), "people")
	arguments := func() []string {
		return with(builtIn, "ingest", people, "--database-url", pgtest.URL(t), "--home", t.TempDir(), "--log-level", "error")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	piped := exec.Command(self, arguments()...)
	piped.Env = append(os.Environ(), asVisage+"=1")
	var said bytes.Buffer
	piped.Stderr = &said
	if err := piped.Run(); err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	if line := regexp.MustCompile(`^6 of 6 photographs, 6 faces \([\d.]+/s\), 0 rejected, \d+s so far\n$`); !line.MatchString(said.String()) {
		t.Errorf("to a pipe: %q", said.String())
	}
	script, err := exec.LookPath("script")
	if err != nil {
		t.Skip("no script(1), which makes a terminal")
	}
	terminal := exec.Command(script, "-qec", self+" '"+strings.Join(arguments(), "' '")+"'", "/dev/null")
	terminal.Env = append(os.Environ(), asVisage+"=1", "TERM=xterm")
	seen, err := terminal.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, seen)
	}
	for _, want := range []string{`6 faces \([\d.]+/s\), 0 rejected`, `photographs/s`, `\(5/6`, `\[\d+s:\d+s\]`, `6 files: 6 ingested`} {
		if !regexp.MustCompile(want).Match(seen) {
			t.Errorf("on a terminal %q is missing in %q", want, seen)
		}
	}
	if strings.Contains(string(seen), "so far") {
		t.Errorf("on a terminal there are lines: %q", seen)
	}
}
