package registry

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/visagedb/visage/internal/face"
)

// Store finds weights. It is safe for several goroutines.
type Store struct {
	entries []Entry
	dirs    []string

	scan   sync.Once
	found  map[string]string // SHA-256 to path
	wrong  map[string]string // name of a known file to a path of that name with other bytes
	unread []error           // what could not be looked at
}

// NewStore looks for weights in the directories, the first of which is where
// Pull and Import put them. Directories that do not exist count as empty.
func NewStore(entries []Entry, dirs ...string) *Store {
	return &Store{entries: entries, dirs: dirs}
}

// Entries lists the models that the store knows.
func (s *Store) Entries() []Entry { return s.entries }

// Path says where a file of the given content lies. It returns
// face.Unavailable, with the command that helps, if it is in no directory.
func (s *Store) Path(e Entry, f File) (string, error) {
	s.scan.Do(s.look)
	if path, ok := s.found[f.SHA256]; ok {
		return path, nil
	}
	if path, ok := s.wrong[f.Name]; ok {
		actual, err := hashFile(path)
		if err != nil {
			return "", err
		}
		return "", face.Errorf(face.Mismatch, "%s is damaged or another file: its SHA-256 is %s, %s of %s has %s; remove it and run `visage models pull %s`",
			path, actual, f.Name, e.Name, f.SHA256, e.Name)
	}
	return "", face.Errorf(face.Unavailable, "%s is not installed (%s, %d bytes, licence: %s): run `visage models pull %s`, or name a folder that has it by --models",
		e.Name, f.Name, f.Bytes, e.Licence, e.Name)
}

// Installed picks the first file of the model that is installed. Errors are
// those of Path for the preferred file.
func (s *Store) Installed(e Entry) (File, string, error) {
	var first error
	for _, f := range e.Files {
		path, err := s.Path(e, f)
		if err == nil {
			return f, path, nil
		}
		if first == nil || face.CodeOf(err) == face.Mismatch {
			first = err
		}
	}
	return File{}, "", first
}

// Default is the first model of the kind that is built in or installed.
func (s *Store) Default(kind Kind) (Entry, error) {
	for _, e := range s.entries {
		if e.Kind != kind {
			continue
		}
		if e.BuiltIn {
			return e, nil
		}
		if _, _, err := s.Installed(e); err == nil {
			return e, nil
		} else if code := face.CodeOf(err); code != face.Unavailable && code != face.Mismatch {
			return Entry{}, err
		}
	}
	return Entry{}, face.Errorf(face.Unavailable, "no %s is installed: run `visage models list`", kind)
}

// Load reads a file and verifies its hash, so that what is used is what was
// checked.
func Load(path string, f File) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, face.Wrap(face.Unavailable, err, "weights %s", f.Name)
	}
	sum := sha256.Sum256(data)
	if actual := hex.EncodeToString(sum[:]); actual != f.SHA256 {
		return nil, face.Errorf(face.Mismatch, "weights %s: SHA-256 is %s, want %s", path, actual, f.SHA256)
	}
	return data, nil
}

// Problems lists what is wrong with what lies in the folders: files that are
// damaged or another, files and folders that cannot be read. Such files are
// not installed.
func (s *Store) Problems() []error {
	s.scan.Do(s.look)
	problems := slices.Clone(s.unread)
	for _, name := range slices.Sorted(maps.Keys(s.wrong)) {
		for _, e := range s.entries {
			if f, ok := e.FileNamed(name); ok && s.found[f.SHA256] == "" {
				_, err := s.Path(e, f)
				problems = append(problems, err)
			}
		}
	}
	return problems
}

// look hashes every file whose size is that of a known one.
func (s *Store) look() {
	s.found, s.wrong = map[string]string{}, map[string]string{}
	for _, dir := range s.dirs {
		root, err := filepath.EvalSymlinks(dir) // WalkDir follows no link, not even at its root
		if err == nil {
			err = filepath.WalkDir(root, s.visit)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.unread = append(s.unread, face.Wrap(face.Unavailable, err, "look for weights"))
		}
	}
}

func (s *Store) visit(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		s.unread = append(s.unread, face.Wrap(face.Unavailable, err, "look for weights"))
		return nil
	}
	if entry.IsDir() {
		return nil
	}
	info, err := os.Stat(path) // follows a link to a file
	if err != nil || !info.Mode().IsRegular() {
		return nil //nolint:nilerr // a link that leads nowhere holds no weights
	}
	known := s.file(func(f File) bool { return f.Bytes == info.Size() })
	if known {
		sum, err := hashFile(path)
		if err != nil {
			s.unread = append(s.unread, err)
			return nil
		}
		if s.file(func(f File) bool { return f.SHA256 == sum }) {
			if _, before := s.found[sum]; !before {
				s.found[sum] = path
			}
			return nil
		}
	}
	if name := filepath.Base(path); s.file(func(f File) bool { return f.Name == name }) {
		s.wrong[name] = path
	}
	return nil
}

// file says whether some known file has the property.
func (s *Store) file(is func(File) bool) bool {
	return slices.ContainsFunc(s.entries, func(e Entry) bool { return slices.ContainsFunc(e.Files, is) })
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", face.Wrap(face.Unavailable, err, "weights")
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", face.Wrap(face.Unavailable, err, "weights %s", path)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// owner returns the model and file of the given hash.
func (s *Store) owner(sum string) (Entry, File, bool) {
	for _, e := range s.entries {
		for _, f := range e.Files {
			if f.SHA256 == sum {
				return e, f, true
			}
		}
	}
	return Entry{}, File{}, false
}

// Import copies a weights file into the store. Its content must be a file of
// the named model; the file's own name does not matter.
func (s *Store) Import(path, name string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", face.Wrap(face.Unavailable, err, "import")
	case !info.Mode().IsRegular():
		return "", face.Errorf(face.Mismatch, "%s is not a file", path)
	case !s.file(func(f File) bool { return f.Bytes == info.Size() }):
		return "", face.Errorf(face.Mismatch, "%s is not a file of %s: no model in the registry has a file of %d bytes", path, name, info.Size())
	}
	sum, err := hashFile(path)
	if err != nil {
		return "", err
	}
	e, f, ok := s.owner(sum)
	if !ok || !strings.EqualFold(e.Name, name) {
		detail := "no model in the registry has this file"
		if ok {
			detail = fmt.Sprintf("it is %s of %s", f.Name, e.Name)
		}
		return "", face.Errorf(face.Mismatch, "%s (SHA-256 %s) is not a file of %s: %s", path, sum, name, detail)
	}
	in, err := os.Open(path)
	if err != nil {
		return "", face.Wrap(face.Unavailable, err, "import")
	}
	defer in.Close()
	return s.place(f, in)
}

// place writes a file into the store's first directory under a temporary name,
// checks it, and only then gives it its own.
func (s *Store) place(f File, from io.Reader) (string, error) {
	dir := s.dirs[0]
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", face.Wrap(face.Unavailable, err, "models folder")
	}
	part, err := os.CreateTemp(dir, f.Name+".*.part")
	if err != nil {
		return "", face.Wrap(face.Unavailable, err, "models folder")
	}
	defer os.Remove(part.Name()) // gone already when all went well
	_, err = io.Copy(part, from)
	if err = errors.Join(err, part.Chmod(0o644), part.Sync(), part.Close()); err != nil {
		return "", face.Wrap(face.Unavailable, err, "write %s", part.Name())
	}
	return s.settle(part.Name(), f)
}

func (s *Store) settle(part string, f File) (string, error) {
	if _, err := Load(part, f); err != nil {
		return "", err
	}
	path := filepath.Join(s.dirs[0], f.Name)
	if err := os.Rename(part, path); err != nil {
		return "", face.Wrap(face.Unavailable, err, "models folder")
	}
	return path, nil
}
