package registry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Path says where a file of the given content lies. It returns
// face.Unavailable, with the command that helps, if it is in no directory, and
// face.Mismatch for other bytes under its name.
func (s *Store) Path(e Entry, f File) (string, error) {
	s.scan.Do(s.look)
	e = s.entry(e)
	if known, ok := e.part(f.Name); ok && f.SHA256 == "" {
		f = known
	}
	if f.SHA256 == "" {
		return "", s.unknown(e, f)
	}
	if path, ok := s.found[f.SHA256]; ok {
		return path, nil
	}
	if path, ok := s.wrong[f.Name]; ok {
		actual, _, err := hashFile(path)
		if err != nil {
			return "", err
		}
		return "", face.Errorf(face.Mismatch, "%s is damaged or another file: its SHA-256 is %s, %s of %s has %s; remove it and %s",
			path, actual, f.Name, e.Name, f.SHA256, e.remedy(f))
	}
	return "", face.Errorf(face.Unavailable, "%s is not installed (%s, %s, licence: %s): %s, or name a folder that has it by --models",
		e.Name, f.Name, f.size(), e.Licence, e.remedy(f))
}

// unknown says why a file without a hash cannot be used.
func (s *Store) unknown(e Entry, f File) error {
	whole := e.whole(f)
	switch path, ok := s.loose[f.Name]; {
	case s.unpinned != nil:
		return s.unpinned
	case ok && f.GitBlob != "":
		return face.Errorf(face.Unavailable, "%s is not used before it is verified: run `visage models import %s --as %s`", path, path, e.Name)
	case ok && len(whole.Parts) == 0:
		return face.Errorf(face.Unavailable, "%s is not used: there is no hash to know %s of %s by; to take it as it is, run `visage models import %s --as %s --unpinned`",
			path, f.Name, e.Name, path, e.Name)
	default:
		return face.Errorf(face.Unavailable, "%s is not installed (%s, %s, licence: %s)%s: %s",
			e.Name, f.Name, f.size(), e.Licence, f.unvouched(), e.remedy(f))
	}
}

// unvouched says so of a file that nothing vouches for.
func (f File) unvouched() string {
	if f.verifiable() {
		return ""
	}
	return ", and there is no hash to know it by"
}

// Paths says where a file and its parts lie, in order. Errors are those of
// Path for the first that is not there.
func (s *Store) Paths(e Entry, f File) ([]string, error) {
	var paths []string
	for _, part := range f.All() {
		path, err := s.Path(e, part)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// Installed picks the first file of the model that is installed with all its
// parts, and says where it lies itself. Errors are those of Paths for a file
// with other bytes, or else for the preferred file.
func (s *Store) Installed(e Entry) (File, string, error) {
	e = s.entry(e)
	preferred, _ := e.Preferred()
	var worst error
	for _, f := range e.Files {
		paths, err := s.Paths(e, f)
		if err == nil {
			return f, paths[0], nil
		}
		damaged := face.CodeOf(err) == face.Mismatch || face.CodeOf(worst) != face.Mismatch && f.Name == preferred.Name
		if worst == nil || damaged {
			worst = err
		}
	}
	if worst == nil {
		worst = face.Errorf(face.Unavailable, "%s has no files: run `visage models import FILE --as %s --unpinned`", e.Name, e.Name)
	}
	return File{}, "", worst
}

// entry is the model as the store knows it.
func (s *Store) entry(e Entry) Entry {
	i := slices.IndexFunc(s.Entries(), func(known Entry) bool { return known.Kind == e.Kind && known.Name == e.Name })
	if i < 0 {
		return e
	}
	return s.known[i]
}

// part finds a file or a part of one by its name.
func (e Entry) part(name string) (File, bool) {
	for _, f := range e.Files {
		for _, part := range f.All() {
			if part.Name == name {
				return part, true
			}
		}
	}
	return File{}, false
}

// whole is the file that has the part, and a file that is no part itself.
func (e Entry) whole(part File) File {
	for _, f := range e.Files {
		if slices.ContainsFunc(f.All(), func(p File) bool { return p.Name == part.Name }) {
			return f
		}
	}
	return part
}

// remedy says by which command a file of the model, or the file that a part
// belongs to, is got.
func (e Entry) remedy(f File) string {
	whole := e.whole(f)
	if !whole.Pullable() {
		flag, files := "", strings.Repeat(" FILE", len(whole.All()))
		if whole.Unpinned {
			flag = " --unpinned"
		}
		return fmt.Sprintf("run `visage models import%s --as %s%s` with your own, for it has no download: %s", files, e.Name, flag, whole.made())
	}
	name, flag := whole.Name, ""
	if p, _ := e.Preferred(); p.Name == whole.Name {
		name = e.Name
	}
	if !whole.Vouched() {
		flag = " --unpinned"
	}
	return fmt.Sprintf("run `visage models pull %s%s`", name, flag)
}
