package main

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/visagedb/visage/internal/face"
)

// maxPhoto is the largest photograph that a command reads, in bytes.
const maxPhoto = 64 << 20

// readPhoto reads a photograph that was named on the command line; "-" is the
// standard input.
func readPhoto(path string) ([]byte, error) {
	if path == "-" {
		return readLimited("standard input", os.Stdin)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, face.Errorf(face.NotFound, "there is no file %s", path)
	case err != nil:
		return nil, face.Wrap(face.Unreadable, err, "photograph")
	case !info.Mode().IsRegular():
		return nil, face.Errorf(face.Unreadable, "%s is not a file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "photograph")
	}
	data, err := readLimited(path, file)
	return data, errors.Join(err, file.Close())
}

func readLimited(name string, from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxPhoto+1))
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "read %s", name)
	}
	if len(data) > maxPhoto {
		return nil, face.Errorf(face.TooLarge, "%s has more than %d bytes", name, maxPhoto)
	}
	return data, nil
}
