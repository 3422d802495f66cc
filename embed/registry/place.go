package registry

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/internal/face"
)

// place writes a file into the store's first directory under a temporary name,
// checks it, and only then gives it its own.
func (s *Store) place(e Entry, f File, from io.Reader) (Placed, error) {
	dir := s.dirs[0]
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Placed{}, face.Wrap(face.Unavailable, err, "models folder")
	}
	part, err := os.CreateTemp(dir, f.Name+".*"+partSuffix)
	if err != nil {
		return Placed{}, face.Wrap(face.Unavailable, err, "models folder")
	}
	defer os.Remove(part.Name()) // gone already when all went well
	n, err := io.Copy(part, io.LimitReader(from, f.limit()+1))
	if err == nil && n > f.limit() {
		err = face.Errorf(face.Mismatch, "%s has more than %d bytes", f.Name, f.limit())
	}
	err = errors.Join(err, part.Chmod(0o644), part.Sync(), part.Close())
	switch {
	case face.CodeOf(err) == face.Mismatch:
		return Placed{}, err
	case err != nil:
		return Placed{}, face.Wrap(face.Unavailable, err, "write %s", part.Name())
	}
	return s.settle(e, f, part.Name())
}

// settle verifies what is known of a file, records its SHA-256 where nobody knew
// it, and gives the file its name.
func (s *Store) settle(e Entry, f File, part string) (Placed, error) {
	sum, size, err := hashFile(part)
	if err != nil {
		return Placed{}, err
	}
	first := f.SHA256 == ""
	switch {
	case first && size == 0:
		return Placed{}, face.Errorf(face.Mismatch, "%s is empty", f.Name)
	case first:
		if err := f.checkBlob(part); err != nil {
			return Placed{}, err
		}
		f.SHA256, f.Bytes, f.Recorded = sum, size, true
		if err := s.record(e, Pin{File: f.Name, SHA256: sum, Bytes: size, Source: f.URL}); err != nil {
			return Placed{}, err
		}
	case sum != f.SHA256:
		return Placed{}, face.Errorf(face.Mismatch, "%s: SHA-256 is %s, want %s", f.Name, sum, f.SHA256)
	}
	path := filepath.Join(s.dirs[0], f.Name)
	if err := os.Rename(part, path); err != nil {
		return Placed{}, face.Wrap(face.Unavailable, err, "models folder")
	}
	return Placed{File: f, Path: path, First: first}, nil
}

// checkBlob compares the file at a path with the git blob, where that is known.
func (f File) checkBlob(path string) error {
	if f.GitBlob == "" {
		return nil
	}
	blob, err := gitBlob(path)
	if err == nil && blob != f.GitBlob {
		err = face.Errorf(face.Mismatch, "%s: git blob is %s, want %s", f.Name, blob, f.GitBlob)
	}
	return err
}
