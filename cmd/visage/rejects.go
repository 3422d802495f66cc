package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// rejects is the file of what an ingest did not use, one JSON object a line. It
// is complete at every moment: nothing is held back.
type rejects struct {
	file *os.File // nil for none
	err  error    // the first, after which nothing is written
}

// openRejects makes the file, in place of a report of an earlier run. It returns
// Invalid for a name that would be taken for a photograph of the ingested
// folder, and Exists for something else of the name. No name is no report.
func openRejects(name, root string) (*rejects, error) {
	if name == "" {
		return &rejects{}, nil
	}
	inside, err := lies(name, root)
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "report %s", name)
	}
	if inside {
		return nil, face.Errorf(face.Invalid, "report %s lies in %s, where it would be taken for a photograph: put it elsewhere", name, root)
	}
	if err := replaceable(name); err != nil {
		return nil, err
	}
	file, err := os.Create(name)
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "report %s", name)
	}
	return &rejects{file: file}, nil
}

// lies says whether a file of the name would lie in a folder. One that is not
// there holds nothing.
func lies(name, root string) (bool, error) {
	folder, err := realPath(root)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	path, err := realPath(name)
	if errors.Is(err, fs.ErrNotExist) {
		path, err = realPath(filepath.Dir(name))
	}
	if err != nil {
		return false, err
	}
	below, err := filepath.Rel(folder, path)
	return err == nil && below != ".." && !strings.HasPrefix(below, "../"), nil
}

func realPath(name string) (string, error) {
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// replaceable returns Exists for what is no report: only an empty file and one
// that begins like a JSON object are. What is no file, such as a pipe, is
// written to.
func replaceable(name string) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return face.Wrap(face.Unreadable, err, "report %s", name)
	case info.IsDir():
		return face.Errorf(face.Exists, "report %s: it is a folder, name a file", name)
	case !info.Mode().IsRegular() || info.Size() == 0:
		return nil
	}
	file, err := os.Open(name)
	if err != nil {
		return face.Wrap(face.Unreadable, err, "report %s", name)
	}
	defer file.Close() // nothing was written
	first := make([]byte, 1)
	if _, err := file.Read(first); err != nil || first[0] != '{' {
		return face.Errorf(face.Exists, "report %s: the file exists and is no report, name another", name)
	}
	return nil
}

// add writes one line.
func (r *rejects) add(j ingest.Rejection) {
	if r.file == nil || r.err != nil {
		return
	}
	encoder := json.NewEncoder(r.file)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(j); err != nil {
		r.err = face.Wrap(face.Unavailable, err, "report %s is not complete", r.file.Name())
	}
}

// close says whether all was written.
func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	return errors.Join(r.err, r.file.Close())
}
