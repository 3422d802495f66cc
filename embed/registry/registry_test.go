package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func TestEveryEntryIsComplete(t *testing.T) {
	t.Parallel()
	entries, err := Entries()
	if err != nil {
		t.Fatal(err)
	}
	hash, seen := regexp.MustCompile(`^[0-9a-f]{64}$`), map[string]string{}
	for _, e := range entries {
		if e.Summary == "" || e.Licence == "" || !strings.HasPrefix(e.Source, "https://") || !slices.Contains([]string{"yes", "no", "unclear"}, e.Commercial) {
			t.Errorf("%s lacks summary, licence, source or whether it may be sold", e.Name)
		}
		if e.BuiltIn == (len(e.Files) > 0) {
			t.Errorf("%s: built in %v with %d files", e.Name, e.BuiltIn, len(e.Files))
		}
		if e.Kind == Recognizer && (e.Recognition == nil || len(e.References) == 0) {
			t.Errorf("recogniser %s lacks dimension, input, or references", e.Name)
		}
		for _, f := range e.Files {
			for _, part := range f.All() {
				if !part.Unpinned && !part.verifiable() || part.SHA256 != "" && !hash.MatchString(part.SHA256) || part.Made == "" && !strings.HasPrefix(part.URL, "https://") {
					t.Errorf("file %s of %s lacks hash, size or URL", part.Name, e.Name)
				}
				if other, taken := seen[part.Name]; taken && other != part.SHA256 {
					t.Errorf("%s of %s has a name that another file has", part.Name, e.Name)
				}
				seen[part.Name] = part.SHA256
			}
		}
	}
}

func TestUnknownFieldInTheRegistry(t *testing.T) {
	t.Parallel()
	if _, err := parse([]byte("- name: x\n  colour: red\n")); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("got %v", err)
	}
}

func TestFindNamesTheChoices(t *testing.T) {
	t.Parallel()
	entries := []Entry{{Name: "A", Kind: Detector}, {Name: "B", Kind: Recognizer}, {Name: "C", Aliases: []string{"See-Face"}, Kind: Recognizer}}
	for _, name := range []string{"c", "See-Face", "seeface", "SEE_FACE", "-C"} {
		if e, err := Find(entries, Recognizer, name); err != nil || e.Name != "C" {
			t.Errorf("%s: got %v, %v", name, e.Name, err)
		}
	}
	_, err := Find(entries, Recognizer, "A")
	if face.CodeOf(err) != face.NotFound || !strings.Contains(err.Error(), "B, C") {
		t.Errorf("got %v", err)
	}
}

// weights makes a file's description from its content.
func weights(name, content string) File {
	sum := sha256.Sum256([]byte(content))
	return File{Name: name, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(content))}
}

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func entry(files ...File) Entry {
	return Entry{Name: "net", Kind: Detector, Licence: "MIT", Files: files}
}

// Files are known by their content, wherever they lie and whatever their name.
func TestFilesAreKnownByTheirHash(t *testing.T) {
	t.Parallel()
	home, extra := t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(extra, "deep"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := write(t, filepath.Join(extra, "deep"), "renamed.bin", "weights")
	write(t, extra, "other.onnx", "WEIGHTS") // as long, but another
	e := entry(weights("preferred.onnx", "better weights"), weights("net.onnx", "weights"))
	s := NewStore([]Entry{e}, home, filepath.Join(extra, "absent"), extra)
	f, path, err := s.Installed(e)
	if err != nil || path != want || f.Name != "net.onnx" {
		t.Errorf("got %s, %v; want %s", path, err, want)
	}
	if d, err := s.Default(Detector); err != nil || d.Name != "net" {
		t.Errorf("default is %v, %v", d.Name, err)
	}
}

// What not every build can use, or cannot decide by itself, is no default.
func TestDefaultIsUsableByItself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "net.onnx", "weights")
	model := func(name, build string, thresholds face.Thresholds) Entry {
		native := &Native{Crop: CropArcFace, Thresholds: thresholds}
		return Entry{Name: name, Kind: Recognizer, Build: build, Files: []File{weights("net.onnx", "weights")}, Recognition: &Recognition{Native: native}}
	}
	some := face.Thresholds{{Metric: face.Cosine, Distance: 0.5, Source: "a table"}}
	s := NewStore([]Entry{model("tagged", "dlib", some), model("undecided", "", nil), model("whole", "", some)}, dir)
	if e, err := s.Default(Recognizer); err != nil || e.Name != "whole" {
		t.Errorf("default is %q, %v", e.Name, err)
	}
}

func TestMissingAndDamagedFiles(t *testing.T) {
	t.Parallel()
	f := weights("net.onnx", "weights")
	f.URL = "https://example.org/net.onnx"
	e := entry(f)
	_, _, err := NewStore([]Entry{e}, t.TempDir()).Installed(e)
	if face.CodeOf(err) != face.Unavailable || !strings.Contains(err.Error(), "visage models pull net") || !strings.Contains(err.Error(), "MIT") {
		t.Errorf("missing: %v", err)
	}
	dir := t.TempDir()
	write(t, dir, "net.onnx", "weigh")
	s := NewStore([]Entry{e}, dir)
	_, _, err = s.Installed(e)
	if face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), e.Files[0].SHA256) || !strings.Contains(err.Error(), weights("", "weigh").SHA256) {
		t.Errorf("damaged: %v", err)
	}
	if _, err := s.Default(Detector); face.CodeOf(err) != face.Unavailable {
		t.Errorf("default of nothing installed: %v", err)
	}
	checks, err := s.Verify()
	if err != nil || len(checks) != 1 || checks[0].OK || checks[0].Verdict() != "damaged" {
		t.Errorf("verify says %v, %v", checks, err)
	}
}

// A file that changes after it was found is caught when it is loaded.
func TestLoadVerifies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := weights("net.onnx", "weights")
	path := write(t, dir, "net.onnx", "weights")
	if data, err := Load(path, f); err != nil || string(data) != "weights" {
		t.Errorf("got %q, %v", data, err)
	}
	write(t, dir, "net.onnx", "weightz")
	if _, err := Load(path, f); face.CodeOf(err) != face.Mismatch {
		t.Errorf("got %v", err)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	home, usb := t.TempDir(), t.TempDir()
	e := entry(weights("net.onnx", "weights"))
	s := NewStore([]Entry{e, {Name: "other", Kind: Detector}}, filepath.Join(home, "models"))
	file := write(t, usb, "copy of net", "weights")
	placed, err := s.Import("NET", file)
	if err != nil || len(placed) != 1 || filepath.Base(placed[0].Path) != "net.onnx" || placed[0].First {
		t.Fatalf("got %v, %v", placed, err)
	}
	if data, err := Load(placed[0].Path, e.Files[0]); err != nil || string(data) != "weights" {
		t.Errorf("imported %q, %v", data, err)
	}
	if _, err := s.Import("other", file); face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "it is net.onnx of net") {
		t.Errorf("imported as another model: %v", err)
	}
	if _, err := s.Import("net", write(t, usb, "x", "WEIGHTS")); face.CodeOf(err) != face.Mismatch || !strings.Contains(err.Error(), "--unpinned") {
		t.Errorf("junk was imported: %v", err)
	}
	for _, path := range []string{"/dev/zero", usb, write(t, usb, "y", "of another length")} {
		if _, err := s.Import("net", path); face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s was imported: %v", path, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(home, "models", "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind %v, %v", left, err)
	}
}

// What lies in the folders but cannot be used is said, and the rest is used. A
// folder may be a link.
func TestProblems(t *testing.T) {
	t.Parallel()
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	good, bad := weights("good.onnx", "weights"), weights("bad.onnx", "other weights")
	write(t, dir, "good.onnx", "weights")
	write(t, dir, "bad.onnx", "cut")
	s := NewStore([]Entry{{Name: "better", Kind: Detector, Files: []File{bad}}, entry(good)}, link)
	if d, err := s.Default(Detector); err != nil || d.Name != "net" {
		t.Errorf("default is %q, %v", d.Name, err)
	}
	problems := s.Problems()
	if len(problems) != 1 || face.CodeOf(problems[0]) != face.Mismatch || !strings.Contains(problems[0].Error(), "bad.onnx") {
		t.Errorf("problems %v", problems)
	}
	if problems := NewStore([]Entry{entry(good)}, write(t, dir, "file", "")+"/x").Problems(); len(problems) != 1 {
		t.Errorf("a folder that is none: problems %v", problems)
	}
}
