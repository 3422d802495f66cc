package registry

import (
	"fmt"
	"os"

	"github.com/visagedb/visage/internal/face"
)

// Import copies weights files into the store. The content of each must be a
// file of the named model, or a part of one, whose SHA-256 or git blob is known;
// the files' own names do not matter. Errors are face.NotFound for the model,
// face.Mismatch for what is not its file, and face.Unavailable for what cannot
// be read or written.
func (s *Store) Import(name string, paths ...string) ([]Placed, error) {
	e, err := s.Model(name)
	if err != nil {
		return nil, err
	}
	var placed []Placed
	for _, path := range paths {
		f, err := s.recognise(e, path)
		if err != nil {
			return placed, err
		}
		p, err := s.copyIn(e, f, path)
		if err != nil {
			return placed, err
		}
		placed = append(placed, p)
	}
	return placed, nil
}

// recognise finds out which file of the model lies at a path.
func (s *Store) recognise(e Entry, path string) (File, error) {
	size, err := regular(path)
	if err != nil {
		return File{}, err
	}
	own := fmt.Sprintf("; if it is your own conversion of %s, add --unpinned", e.Name)
	if s.unpinned != nil {
		own += "; besides, " + s.unpinned.Error()
	}
	if !s.file(func(f File) bool { return (f.SHA256 != "" || f.GitBlob != "") && f.fits(size, f.Name) }) {
		return File{}, face.Errorf(face.Mismatch, "%s is not a file of %s: no model in the registry has a file of %d bytes%s", path, e.Name, size, own)
	}
	sum, _, err := hashFile(path)
	if err != nil {
		return File{}, err
	}
	for _, f := range e.Files {
		for _, part := range f.All() {
			if known, err := part.is(sum, path); known || err != nil {
				return part, err
			}
		}
	}
	detail := "no model in the registry has this file" + own
	if other, f, ok := s.owner(sum); ok {
		detail = fmt.Sprintf("it is %s of %s", f.Name, other.Name)
	}
	return File{}, face.Errorf(face.Mismatch, "%s (SHA-256 %s) is not a file of %s: %s", path, sum, e.Name, detail)
}

// regular returns the size of a regular file.
func regular(path string) (int64, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return 0, face.Wrap(face.Unavailable, err, "import")
	case !info.Mode().IsRegular():
		return 0, face.Errorf(face.Mismatch, "%s is not a file", path)
	default:
		return info.Size(), nil
	}
}

func (s *Store) copyIn(e Entry, f File, path string) (Placed, error) {
	in, err := os.Open(path)
	if err != nil {
		return Placed{}, face.Wrap(face.Unavailable, err, "import")
	}
	defer in.Close()
	return s.place(e, f, in)
}
