package vectors

import (
	"bufio"
	"encoding/binary"
	"errors"
	"math"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// npySink writes an array and, beside it, the identities of its rows; the names
// of the photographs have no place there.
type npySink struct {
	file      *output
	data, ids *bufio.Writer
	rows, dim int
	row       []byte
}

// IDsPath is the list of identities that goes with an .npy file: faces.ids.txt
// for faces.npy.
func IDsPath(path string) string { return path[:len(path)-len(".npy")] + ".ids.txt" }

func (w *Writer) beginNPY(file *output) (sink, error) {
	ids, err := w.create(IDsPath(file.path))
	if err != nil {
		return nil, err
	}
	s := &npySink{file: file, data: bufio.NewWriterSize(file, 1<<20), ids: bufio.NewWriter(ids), dim: w.dim}
	_, err = s.data.Write(npyHeaderOf(0, w.dim))
	return s, err
}

func (s *npySink) write(r face.Record) error {
	if strings.ContainsAny(r.Identity, "\r\n") {
		return face.Errorf(face.Invalid, "identity %q has a line end, for which the list beside an .npy file has no place: export .jsonl or .parquet", r.Identity)
	}
	s.row = s.row[:0]
	for _, c := range r.Vector {
		s.row = binary.LittleEndian.AppendUint32(s.row, math.Float32bits(c))
	}
	s.rows++
	_, err := s.data.Write(s.row)
	_, errIDs := s.ids.WriteString(r.Identity + "\n")
	return errors.Join(err, errIDs)
}

// finish writes the header again, with the number of rows.
func (s *npySink) finish() error {
	err := errors.Join(s.data.Flush(), s.ids.Flush())
	_, errHeader := s.file.WriteAt(npyHeaderOf(s.rows, s.dim), 0)
	return errors.Join(err, errHeader)
}
