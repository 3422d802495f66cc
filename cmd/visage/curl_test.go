package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pasted are the commands of a document that are to be pasted: those of its blocks of
// kind sh and console that have curl in them.
func pasted(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, block := range regexp.MustCompile("(?ms)^```(sh|console)\n(.*?)^```").FindAllStringSubmatch(string(text), -1) {
		if strings.Contains(block[2], "curl ") {
			blocks = append(blocks, regexp.MustCompile(`(?m)^\$ `).ReplaceAllString(block[2], ""))
		}
	}
	return blocks
}

// The curl commands of README.md and docs/api.md work as pasted, against the true
// program; only its port is another one.
func TestPastedCommands(t *testing.T) {
	t.Parallel()
	shell, err := exec.LookPath("sh")
	if err == nil {
		_, err = exec.LookPath("curl")
	}
	if err != nil {
		t.Skipf("no shell with curl here: %v", err)
	}
	for path, want := range map[string]int{"README.md": 3, "docs/api.md": 7} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			blocks := pasted(t, filepath.Join("..", "..", path))
			commands := 0
			for i, block := range blocks {
				commands += strings.Count(block, "curl ")
				dir := t.TempDir()
				for name, from := range map[string]string{
					"ann.jpg": "people/sample-01/0.jpg", "ann1.jpg": "people/sample-01/0.jpg", "ann2.jpg": "people/sample-01/1.jpg", "door.jpg": "sample-01.jpg",
					"a.jpg": "people/sample-01/0.jpg", "b.jpg": "people/sample-02/0.jpg", "somebody.jpg": "people/sample-01/0.jpg",
				} {
					if err := os.WriteFile(filepath.Join(dir, name), sample(t, from), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				script := strings.ReplaceAll(block, "visage serve &\n", "")
				script = strings.ReplaceAll(script, "http://127.0.0.1:8080", serveProcess(newVisage(t)).url)
				run := exec.CommandContext(t.Context(), shell, "-e", "-c", "curl() { command curl --fail-with-body --no-progress-meter \"$@\"; }\n"+script)
				run.Dir = dir
				if said, err := run.CombinedOutput(); err != nil {
					t.Errorf("block %d: %v: %s\n%s", i+1, err, said, script)
				}
			}
			if commands < want {
				t.Errorf("%d commands with curl in %d blocks, want %d at least", commands, len(blocks), want)
			}
		})
	}
}
