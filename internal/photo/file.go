package photo

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/visagedb/visage/internal/face"
)

// File reads a regular file, whatever its path looks like: "-" is a file's name
// here. Errors are those of Read for files.
func (r *Reader) File(path string) ([]byte, error) {
	if !r.allows(File) {
		return nil, r.refused(File, path)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, face.Errorf(face.NotFound, "there is no file %s", path)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return nil, face.Errorf(face.NotFound,
			"%s is too long for a path; base64 needs data:image/jpeg;base64, before it", shortened(path))
	case err != nil:
		return nil, face.Wrap(face.Unreadable, err, "photograph")
	case !info.Mode().IsRegular():
		return nil, notRegular(path)
	}
	return r.open(path)
}

func notRegular(path string) error { return face.Errorf(face.Unreadable, "%s is not a file", path) }

// open reads a file without waiting for a writer, should a pipe have taken its
// place meanwhile.
func (r *Reader) open(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "photograph")
	}
	info, err := file.Stat()
	var data []byte
	switch {
	case err != nil:
		err = face.Wrap(face.Unreadable, err, "photograph")
	case !info.Mode().IsRegular():
		err = notRegular(path)
	default:
		data, err = r.readLimited(path, file)
	}
	return data, errors.Join(err, file.Close())
}

func (r *Reader) stdin() ([]byte, error) { return r.readLimited("standard input", r.cfg.Stdin) }

func (r *Reader) readLimited(name string, from io.Reader) ([]byte, error) {
	data, err := readAll(from, r.cfg.MaxBytes)
	switch {
	case errors.Is(err, errTooLong):
		return nil, face.Errorf(face.TooLarge, "%s has more than %d bytes", name, r.cfg.MaxBytes)
	case err != nil:
		return nil, face.Wrap(face.Unreadable, err, "read %s", name)
	}
	return data, nil
}
