package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// rejection shortens signatures.
type rejection = ingest.Rejection

// lockedResult is what the scenario saw.
type lockedResult struct {
	Report    ingest.Report
	Rows      int
	RootError face.Code
}

// locked takes away the rights to a file and a folder whose photographs are
// enrolled, prunes, and then takes away those to the root. It has to run
// without the privileges to which rights do not apply.
func locked(root string) (result lockedResult, err error) {
	for name, text := range map[string]string{"ann/1.jpg": "face 1 a", "bob/1.jpg": "face 1 b", "bob/2.jpg": "face 1 c", "eve/deep/1.jpg": "face 1 d"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return result, err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return result, err
		}
	}
	l, cfg := newLedger(), config(root)
	cfg.Prune = true
	if _, err := ingest.Run(context.Background(), cfg, &embedder{}, l); err != nil {
		return result, err
	}
	file, dir := filepath.Join(root, "bob/1.jpg"), filepath.Join(root, "eve")
	if err := os.WriteFile(file, []byte("face 1 other"), 0o644); err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, os.Chmod(dir, 0o755)) }()
	for _, path := range []string{file, dir} {
		if err := os.Chmod(path, 0); err != nil {
			return result, err
		}
	}
	if result.Report, err = ingest.Run(context.Background(), cfg, &embedder{}, l); err != nil {
		return result, err
	}
	result.Rows = len(l.rows)
	if err := os.Chmod(root, 0); err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, os.Chmod(root, 0o755)) }()
	_, err = ingest.Run(context.Background(), cfg, &embedder{}, l)
	result.RootError = face.CodeOf(err)
	return result, nil
}

// TestWithoutRights runs the scenario as a user to whom rights apply: in
// another process as nobody where the tests are run by root (reliability test 13).
func TestWithoutRights(t *testing.T) {
	t.Parallel()
	root := folder(t, nil)
	var result lockedResult
	var err error
	if os.Geteuid() == 0 {
		result, err = lockedAsNobody(t, root)
	} else {
		result, err = locked(root)
	}
	must(t, err)
	expect(t, result.Report, counts{Files: 3, Unchanged: 2, Rejected: map[face.Code]int{face.Unreadable: 1}})
	if said := reasons(root, result.Report.Rejections)["bob/1.jpg"]; said.Message != "cannot be read: permission denied" {
		t.Errorf("file: %+v", said)
	}
	folders := result.Report.Folders
	if len(folders) != 1 || folders[0].Path != filepath.Join(root, "eve") || folders[0].Reason != face.Unreadable {
		t.Errorf("folders %+v, want the one without rights", folders)
	}
	if result.Rows != 4 {
		t.Errorf("%d rows, want those that cannot be read to stay", result.Rows)
	}
	if result.RootError != face.Unreadable {
		t.Errorf("a root without rights gave %q", result.RootError)
	}
}

// lockedAsNobody starts this test program anew as the user nobody, from a copy
// that nobody may run.
func lockedAsNobody(t *testing.T, root string) (lockedResult, error) {
	t.Helper()
	const nobody = 65534
	must(t, os.Chmod(filepath.Dir(root), 0o755))
	must(t, os.Chown(root, nobody, nobody))
	bin := filepath.Join(t.TempDir(), "ingest.test")
	copyProgram(t, bin)
	cmd := exec.CommandContext(t.Context(), bin)
	cmd.Env = append(os.Environ(), lockedEnv+"="+root)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("as nobody: %v: %s", err, stderr.String())
	}
	var result lockedResult
	return result, json.NewDecoder(bytes.NewReader(out)).Decode(&result)
}

func copyProgram(t *testing.T, to string) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	from, err := os.Open(self)
	must(t, err)
	defer from.Close()
	copied, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	must(t, err)
	_, err = io.Copy(copied, from)
	must(t, err)
	must(t, copied.Close())
}
