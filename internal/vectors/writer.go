package vectors

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// sink writes the rows of one format.
type sink interface {
	write(face.Record) error
	finish() error // the file is complete after it, and still open
}

// Writer writes one file, which has its name only when it is complete. It is
// for one goroutine.
type Writer struct {
	dim   int
	to    sink
	files []*output
}

// output is a file on its way to its name.
type output struct {
	*os.File
	path string
}

// Create begins a file of templates of the given dimension, in the format of its
// name's ending. It returns Invalid for another ending and Unavailable where it
// cannot be written.
func Create(path string, dim int) (*Writer, error) {
	w := &Writer{dim: dim}
	ending := strings.ToLower(filepath.Ext(path))
	begin, known := map[string]func(*output) (sink, error){
		".npy":     func(o *output) (sink, error) { return w.beginNPY(o) },
		".csv":     beginCSV,
		".jsonl":   beginJSONL,
		".parquet": beginParquet,
	}[ending]
	if !known {
		return nil, unknownEnding(path)
	}
	file, err := w.create(path)
	if err == nil {
		w.to, err = begin(file)
	}
	if err != nil {
		return nil, errors.Join(written(err), w.Close())
	}
	return w, nil
}

func (w *Writer) create(path string) (*output, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, err
	}
	o := &output{file, path}
	w.files = append(w.files, o)
	return o, nil
}

// Write appends a template. It returns Mismatch for one of another dimension,
// Invalid for what the format cannot hold, and Unavailable.
func (w *Writer) Write(r face.Record) error {
	if len(r.Vector) != w.dim {
		return face.Errorf(face.Mismatch, "a template of %d components in a file of %d", len(r.Vector), w.dim)
	}
	return written(w.to.write(r))
}

// Finish completes the file and gives it its name, in place of a file that had
// it before.
func (w *Writer) Finish() error {
	if err := w.to.finish(); err != nil {
		return written(err)
	}
	for _, o := range w.files {
		// Others may read it, as any file that is not made by CreateTemp.
		if err := errors.Join(o.Chmod(0o644), o.Sync(), o.Close()); err != nil {
			return written(err)
		}
	}
	for _, o := range w.files {
		if err := os.Rename(o.Name(), o.path); err != nil {
			return written(err)
		}
	}
	w.files = nil
	return nil
}

// Close removes what was not finished. It may be called twice.
func (w *Writer) Close() error {
	var errs []error
	for _, o := range w.files {
		if err := o.Close(); !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
		if err := os.Remove(o.Name()); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	w.files = nil
	return errors.Join(errs...)
}

// written gives an error of writing its code, unless it has one.
func written(err error) error {
	if err == nil || face.CodeOf(err) != face.Internal {
		return err
	}
	return face.Wrap(face.Unavailable, err, "the file cannot be written")
}
