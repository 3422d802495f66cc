package registry

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// blob is what git calls the content.
func blob(content string) string {
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(sum[:])
}

// vouched is a shop's file of which only the git blob is known.
func (s *shop) vouched(name string) File {
	return File{Name: name, URL: s.URL + "/" + name, GitBlob: blob(s.stock["/"+name])}
}

func TestGitBlobIsGits(t *testing.T) {
	t.Parallel()
	path := write(t, t.TempDir(), "net.onnx", content)
	want, err := exec.Command("git", "hash-object", path).Output()
	if err != nil {
		t.Skipf("git: %v", err)
	}
	if got, err := gitBlob(path); err != nil || got != strings.TrimSpace(string(want)) {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// A file whose git blob is known needs no consent. Its own SHA-256 is recorded,
// and is what it is used by.
func TestPullByGitBlob(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content})
	e := entry(s.vouched("net.onnx"))
	_, _, err := NewStore([]Entry{e}, s.dir).Installed(e)
	if face.CodeOf(err) != face.Unavailable || strings.Contains(err.Error(), "--unpinned") || strings.Contains(err.Error(), "no hash") {
		t.Errorf("missing: %v", err)
	}
	placed, err := s.pull(t, e, false)
	sum := weights("", content).SHA256
	if err != nil || len(placed) != 1 || !placed[0].First || placed[0].File.SHA256 != sum || placed[0].File.Vouch() != ByGitBlob {
		t.Fatalf("placed %+v, %v", placed, err)
	}
	store := NewStore([]Entry{e}, s.dir)
	f, path, err := store.Installed(e)
	if err != nil || !f.Recorded || f.Unpinned || f.Vouch() != ByGitBlob {
		t.Fatalf("installed %+v, %v", f, err)
	}
	if data, err := Load(path, f); err != nil || string(data) != content {
		t.Errorf("loaded %q, %v", data, err)
	}
	if d, err := store.Default(Detector); err != nil || d.Name != "net" {
		t.Errorf("default is %q, %v", d.Name, err)
	}
	if checks, err := store.Verify(); err != nil || len(checks) != 1 || checks[0].Verdict() != "ok" {
		t.Errorf("verify says %+v, %v", checks, err)
	}
	if again, err := s.pull(t, e, false); err != nil || again[0].First {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	write(t, s.dir, "net.onnx", strings.ToUpper(content))
	if _, _, err := NewStore([]Entry{e}, s.dir).Installed(e); face.CodeOf(err) != face.Mismatch {
		t.Errorf("changed on the disk: %v", err)
	}
}

func TestPullOfAnotherGitBlob(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content})
	e := entry(s.vouched("net.onnx"))
	s.put("/net.onnx", strings.ToUpper(content))
	for _, unpinned := range []bool{false, true} {
		_, err := s.pull(t, e, unpinned)
		if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "git blob is "+blob(strings.ToUpper(content))) || files(t, s.dir) != "" {
			t.Errorf("got %v, left behind %s", err, files(t, s.dir))
		}
	}
}

// What is cut short goes on where it ended, as with any hash.
func TestPullByGitBlobGoesOn(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content})
	f := s.vouched("net.onnx")
	f.Bytes = int64(len(content))
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, s.dir, "net.onnx.part", content[:10])
	if _, err := s.pull(t, entry(f), false); err != nil || s.asked[0] != "/net.onnx bytes=10-" {
		t.Errorf("asked for %q, %v", s.asked, err)
	}
}

// The hash of an archive vouches for what is in it.
func TestPullByArchivesHash(t *testing.T) {
	t.Parallel()
	packed := decode(t, packedContent)
	s := newShop(t, map[string]string{"/net.bz2": packed})
	f := File{Name: "net.onnx", URL: s.URL + "/net.bz2", Archive: archiveBz2, ArchiveSHA256: weights("", packed).SHA256}
	placed, err := s.pull(t, entry(f), false)
	if err != nil || !placed[0].First || placed[0].File.Vouch() != ByArchive {
		t.Errorf("placed %+v, %v", placed, err)
	}
	f.GitBlob = blob("another")
	other := newShop(t, map[string]string{"/net.bz2": packed})
	f.URL = other.URL + "/net.bz2"
	if _, err := other.pull(t, entry(f), false); face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "git blob") {
		t.Errorf("the right archive with other content: %v", err)
	}
}

// A file that is copied by hand is used after an import has verified it.
func TestImportByGitBlob(t *testing.T) {
	t.Parallel()
	s := newShop(t, map[string]string{"/net.onnx": content})
	e := entry(s.vouched("net.onnx"))
	usb := t.TempDir()
	path := write(t, usb, "net.onnx", content)
	_, _, err := NewStore([]Entry{e}, s.dir, usb).Installed(e)
	if command := "visage models import " + path + " --as net`"; face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), command) {
		t.Errorf("lying there: %v", err)
	}
	store := NewStore([]Entry{e}, s.dir)
	if _, err := store.Import("net", write(t, usb, "other.onnx", "another")); face.CodeOf(err) != face.Mismatch {
		t.Errorf("another: %v", err)
	}
	placed, err := store.ImportUnpinned("net", refuse(t), path)
	if err != nil || filepath.Base(placed[0].Path) != "net.onnx" || placed[0].File.Vouch() != ByGitBlob {
		t.Errorf("placed %+v, %v", placed, err)
	}
	if f, _, err := NewStore([]Entry{e}, s.dir).Installed(e); err != nil || f.Vouch() != ByGitBlob || len(NewStore([]Entry{e}, s.dir).Entries()[0].Files) != 1 {
		t.Errorf("installed %+v, %v", f, err)
	}
}

// refuse is an Inspect that must not be asked.
func refuse(t *testing.T) Inspect {
	return func(e Entry, paths []string) error {
		t.Errorf("inspected %s of %s", paths, e.Name)
		return nil
	}
}
