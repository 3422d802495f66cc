package registry

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Problems lists what is wrong with what lies in the folders: files that are
// damaged or another, files that nobody vouched for, files and folders that
// cannot be read, a damaged pins.yaml. Such files are not installed.
func (s *Store) Problems() []error {
	s.scan.Do(s.look)
	problems := slices.Clone(s.unread)
	unusable := slices.Sorted(maps.Keys(s.wrong))
	if s.unpinned == nil { // else that they are loose is its fault
		unusable = append(unusable, slices.Sorted(maps.Keys(s.loose))...)
	}
	for _, name := range unusable {
		e := s.holder(name)
		if f, _ := e.part(name); f.SHA256 == "" || s.found[f.SHA256] == "" {
			_, err := s.Path(e, f)
			problems = append(problems, err)
		}
	}
	return problems
}

// look hashes every file whose size is that of a known one.
func (s *Store) look() {
	s.Entries()
	if s.unpinned != nil {
		s.unread = append(s.unread, s.unpinned)
	}
	s.found, s.wrong, s.loose = map[string]string{}, map[string]string{}, map[string]string{}
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
	if entry.IsDir() || strings.HasSuffix(path, partSuffix) {
		return nil
	}
	info, err := os.Stat(path) // follows a link to a file
	if err != nil || !info.Mode().IsRegular() {
		return nil //nolint:nilerr // a link that leads nowhere holds no weights
	}
	if s.file(func(f File) bool { return f.may(info.Size(), filepath.Base(path)) }) {
		sum, _, err := hashFile(path)
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
	name := filepath.Base(path)
	switch f, ok := s.holder(name).part(name); {
	case ok && f.SHA256 == "":
		s.loose[name] = path
	case ok:
		s.wrong[name] = path
	}
	return nil
}

// file says whether some known file, or a part of one, has the property.
func (s *Store) file(is func(File) bool) bool {
	return slices.ContainsFunc(s.known, func(e Entry) bool {
		return slices.ContainsFunc(e.Files, func(f File) bool { return slices.ContainsFunc(f.All(), is) })
	})
}

// holder is the first model that has a file or part of the name, an empty one
// where there is none.
func (s *Store) holder(name string) Entry {
	i := slices.IndexFunc(s.known, func(e Entry) bool { _, ok := e.part(name); return ok })
	if i < 0 {
		return Entry{}
	}
	return s.known[i]
}

// owner is the first model that has a file or part of the hash.
func (s *Store) owner(sum string) (Entry, File, bool) {
	for _, e := range s.Entries() {
		if f, ok := e.hashed(sum); ok {
			return e, f, true
		}
	}
	return Entry{}, File{}, false
}

// hashed finds a file or a part of one by its hash.
func (e Entry) hashed(sum string) (File, bool) {
	for _, f := range e.Files {
		for _, part := range f.All() {
			if part.SHA256 == sum {
				return part, true
			}
		}
	}
	return File{}, false
}
