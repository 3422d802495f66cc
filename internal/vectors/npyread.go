package vectors

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// npySource reads the rows of an array and, beside it, their identities.
type npySource struct {
	npyHeader
	file *os.File
	data *bufio.Reader
	ids  *idList // nil for none
	row  []byte
	read int
}

func openNPY(file *os.File, cfg Config) (source, error) {
	header, offset, err := readNPYHeader(file)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "cannot be read")
	}
	if header.columns != cfg.Space.Dim {
		return nil, face.Errorf(face.Mismatch, "holds embeddings of %d components, but space %s has %d", header.columns, cfg.Space.Name(), cfg.Space.Dim)
	}
	size := header.columns * header.width
	if data := info.Size() - offset; data/int64(size) != int64(header.rows) || data%int64(size) != 0 {
		return nil, face.Errorf(face.Invalid, "has %d bytes of data where its header says %d rows of %d: is it cut short?", data, header.rows, size)
	}
	s := &npySource{npyHeader: header, file: file, data: bufio.NewReaderSize(file, 1<<20), row: make([]byte, size)}
	if cfg.IDs != "" {
		if s.ids, err = openIDs(cfg.IDs, header.rows); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *npySource) next() (face.Record, error) {
	if s.read == s.rows {
		return face.Record{}, io.EOF
	}
	s.read++
	if _, err := io.ReadFull(s.data, s.row); err != nil {
		return face.Record{}, face.Wrap(face.Unreadable, err, "cannot be read")
	}
	r := face.Record{Vector: make([]float32, s.columns)}
	for i := range r.Vector {
		if s.width == 4 {
			r.Vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(s.row[4*i:]))
		} else {
			r.Vector[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(s.row[8*i:])))
		}
	}
	if s.ids == nil {
		return r, nil
	}
	identity, err := s.ids.next()
	r.Identity = identity
	return r, err
}

func (s *npySource) total() int { return s.rows }

func (s *npySource) close() error {
	if s.ids == nil {
		return s.file.Close()
	}
	return errors.Join(s.file.Close(), s.ids.file.Close())
}

// idList is a text file with an identity on each line.
type idList struct {
	path  string
	file  *os.File
	lines *bufio.Scanner
}

// openIDs opens a list that must have as many lines as there are rows: a list of
// another length belongs to another file, so that everybody would get a wrong
// name.
func openIDs(path string, rows int) (*idList, error) {
	counted, err := openFile(path)
	if err != nil {
		return nil, err
	}
	lines, n := bufio.NewScanner(counted), 0
	for lines.Scan() {
		n++
	}
	if err := errors.Join(lines.Err(), counted.Close()); err != nil {
		return nil, face.Wrap(face.Unreadable, err, "the identities in %s", path)
	}
	if n != rows {
		return nil, face.Errorf(face.Mismatch, "has %d rows, but %s has %d lines", rows, path, n)
	}
	file, err := openFile(path)
	if err != nil {
		return nil, err
	}
	return &idList{path, file, bufio.NewScanner(file)}, nil
}

func (l *idList) next() (string, error) {
	if !l.lines.Scan() {
		return "", face.Errorf(face.Unreadable, "the list of identities %s changed while it was read", l.path)
	}
	return strings.TrimSuffix(l.lines.Text(), "\r"), nil
}
