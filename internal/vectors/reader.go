package vectors

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/visagedb/visage/internal/face"
)

// Config says what the templates of a file must be.
type Config struct {
	// Space is where they are to go: its Dim and Unit are required of each.
	Space face.Space
	// IDs is a text file with an identity on each line, an empty line for none,
	// for the rows of an .npy file. Defaults to no identities.
	IDs string
	// Normalize scales every template to length 1. Defaults to refusing others
	// where the space is of length 1.
	Normalize bool
	// Skip is told of every bad row, which is then left out. Defaults to ending
	// at the first.
	Skip func(error)
}

// source reads the rows of one format. A row that is wrong in itself, so that
// the next one can still be read, is a badRow; every other error ends the file.
type source interface {
	next() (face.Record, error) // io.EOF after the last
	total() int                 // rows, estimated where only reading them all could tell
	close() error
}

// badRow is the error of a row after which the next can be read.
type badRow struct{ error }

func (b badRow) Unwrap() error { return b.error }

func bad(format string, args ...any) error { return badRow{face.Errorf(face.Invalid, format, args...)} }

// Reader reads one file. It is for one goroutine.
type Reader struct {
	cfg  Config
	name string // of the file, without its folder
	path string // of the file, absolute and without symbolic links
	from source
	mu   sync.Mutex // of row and of from's methods
	row  int
}

// Open opens a file of templates, whose format is that of its name's ending.
// It returns Invalid for another ending and for a file that does not hold what
// its ending says, Mismatch where all of its templates have another dimension
// than the space, NotFound and Unreadable.
func Open(path string, cfg Config) (*Reader, error) {
	ending := strings.ToLower(filepath.Ext(path))
	if cfg.IDs != "" && ending != ".npy" {
		return nil, face.Errorf(face.Invalid, "%s: a list of identities goes with an .npy file; %s files hold identities themselves", path, ending)
	}
	open, known := map[string]func(*os.File, Config) (source, error){
		".npy": openNPY, ".csv": openCSV, ".jsonl": openJSONL, ".parquet": openParquet,
	}[ending]
	if !known {
		return nil, unknownEnding(path)
	}
	file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	from, err := open(file, cfg)
	if err != nil {
		return nil, errors.Join(about(path, err), file.Close())
	}
	real, err := realPath(path)
	if err != nil {
		return nil, errors.Join(about(path, err), from.close())
	}
	return &Reader{cfg: cfg, name: face.Readable(filepath.Base(path)), path: face.Readable(real), from: from}, nil
}

// realPath is what a file is known by, whatever folder the program is run in.
func realPath(name string) (string, error) {
	path, err := filepath.Abs(name)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", face.Wrap(face.Unreadable, err, "has no path")
	}
	return path, nil
}

func unknownEnding(path string) error {
	return face.Errorf(face.Invalid, "%s: the name must end in .npy, .csv, .jsonl or .parquet", path)
}

// about puts what an error is about before it.
func about(what string, err error) error {
	return face.Wrap(face.CodeOf(err), err, "%s", what)
}

// openFile opens a regular file: opening a pipe would wait for its writer.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, face.Wrap(face.NotFound, err, "no such file")
	case err != nil:
		return nil, face.Wrap(face.Unreadable, err, "cannot be read")
	case !info.Mode().IsRegular():
		return nil, face.Errorf(face.Unreadable, "%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "cannot be read")
	}
	return file, nil
}

// Read returns the next template, which is the caller's to keep, or io.EOF. A
// row without an image's name gets one of the file's absolute path and the row's
// number: "vectors:/home/ann/faces.npy#17". A bad row is Invalid or Mismatch; the one after it can
// be read.
func (r *Reader) Read() (face.Record, error) {
	for {
		record, err := r.next()
		if errors.Is(err, io.EOF) {
			return face.Record{}, io.EOF
		}
		if err == nil {
			if err = r.cfg.check(&record); err == nil {
				if record.Image == "" {
					record.Image = fmt.Sprintf("vectors:%s#%d", r.path, r.row)
				}
				return record, nil
			}
		}
		err = about(fmt.Sprintf("%s, row %d", r.name, r.row), err)
		var left badRow
		if r.cfg.Skip == nil || !errors.As(err, &left) {
			return face.Record{}, err
		}
		r.cfg.Skip(err)
	}
}

func (r *Reader) next() (face.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	record, err := r.from.next()
	if !errors.Is(err, io.EOF) {
		r.row++
	}
	return record, err
}

// Total is how many rows the file has; an estimate from what was read so far
// where the format does not say. It may be asked while another goroutine reads.
func (r *Reader) Total() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.row, r.from.total())
}

// Close closes the file. It may be called twice.
func (r *Reader) Close() error {
	if r == nil || r.from == nil {
		return nil
	}
	from := r.from
	r.from = nil
	return from.close()
}
