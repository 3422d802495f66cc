package vectors

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// csvSource reads comma-separated values under a header.
type csvSource struct {
	text                       *rowReader
	rows                       *csv.Reader
	identity, image, embedding int   // columns, -1 for none
	components                 []int // the columns v0, v1, ...
	read                       int
}

// openCSV reads the header: embedding, or v0 to vN, and identity and image if
// the file has them; other columns are left alone.
func openCSV(file *os.File, _ Config) (source, error) {
	text, err := newRowReader(file)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReader(text)
	skipMark(buffered)
	s := &csvSource{text: text, rows: csv.NewReader(buffered)}
	header, err := s.rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, face.Errorf(face.Invalid, "is empty: its first line must name the columns identity, image and embedding")
	}
	if err != nil {
		return nil, fatal(err)
	}
	s.rows.ReuseRecord = true
	column := func(name string) int { return slices.Index(header, name) }
	s.identity, s.image, s.embedding = column("identity"), column("image"), column("embedding")
	for at := column("v0"); at >= 0; at = column("v" + strconv.Itoa(len(s.components))) {
		s.components = append(s.components, at)
	}
	if (s.embedding < 0) == (len(s.components) == 0) {
		return nil, face.Errorf(face.Invalid, "its first line is %.100q: it must name either a column embedding or the columns v0, v1, ...", strings.Join(header, ","))
	}
	return s, nil
}

func (s *csvSource) next() (face.Record, error) {
	s.text.begin()
	fields, err := s.rows.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		s.read++
		if errors.Is(err, csv.ErrFieldCount) { // which leaves the reader at the next row
			return face.Record{}, badRow{face.Wrap(face.Invalid, err, "is not as long as the header")}
		}
	}
	if err != nil {
		return face.Record{}, fatal(err)
	}
	s.read++
	r := face.Record{Identity: field(fields, s.identity), Image: field(fields, s.image)}
	if s.embedding >= 0 {
		r.Vector, err = parseVector(fields[s.embedding])
		return r, err
	}
	r.Vector = make([]float32, len(s.components))
	for i, at := range s.components {
		if r.Vector[i], err = parseComponent(fields[at], i); err != nil {
			return r, err
		}
	}
	return r, nil
}

// field copies a field, because the reader uses its memory again.
func field(fields []string, at int) string {
	if at < 0 {
		return ""
	}
	return strings.Clone(fields[at])
}

func (s *csvSource) total() int { return s.text.estimate(s.read) }

func (s *csvSource) close() error { return s.text.file.Close() }
