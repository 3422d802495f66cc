package vectors

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/visagedb/visage/internal/face"
)

// parquetRows is how many rows are decoded at once.
const parquetRows = 64

// parquetSource reads the columns identity and image, text, where there are any,
// and embedding, a list of float or double. Arrow writes lists of a fixed size
// as lists, too.
type parquetSource struct {
	file                       *os.File
	groups                     []parquet.RowGroup
	rows                       parquet.Rows // of the group that is read; nil before the first
	identity, image, embedding leaf
	buffer                     []parquet.Row
	pending                    []parquet.Row // decoded and not returned yet
	rowCount                   int
}

// leaf is a column of values; its index is -1 where the file has none.
type leaf struct {
	index int
	kind  parquet.Kind
	lists int // within lists within lists ...
}

func openParquet(file *os.File, _ Config) (s source, err error) {
	defer recoverParquet(&err)
	info, err := file.Stat()
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "cannot be read")
	}
	opened, err := parquet.OpenFile(file, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "is no Parquet file, or not a whole one")
	}
	p := &parquetSource{
		file: file, groups: opened.RowGroups(), rowCount: int(opened.NumRows()), buffer: make([]parquet.Row, parquetRows),
		identity: leafOf(opened.Root(), "identity"), image: leafOf(opened.Root(), "image"), embedding: leafOf(opened.Root(), "embedding"),
	}
	if p.embedding.index < 0 || p.embedding.lists != 1 || (p.embedding.kind != parquet.Float && p.embedding.kind != parquet.Double) {
		return nil, face.Errorf(face.Invalid, "has no column embedding that is a list of float or double")
	}
	for _, text := range []leaf{p.identity, p.image} {
		if text.index >= 0 && (text.kind != parquet.ByteArray || text.lists != 0) {
			return nil, face.Errorf(face.Invalid, "its columns identity and image must be text")
		}
	}
	return p, nil
}

// leafOf finds the only leaf of a column.
func leafOf(root *parquet.Column, name string) leaf {
	c := root.Column(name)
	for c != nil && !c.Leaf() {
		if len(c.Columns()) != 1 {
			return leaf{index: -1}
		}
		c = c.Columns()[0]
	}
	if c == nil {
		return leaf{index: -1}
	}
	return leaf{c.Index(), c.Type().Kind(), c.MaxRepetitionLevel()}
}

func (s *parquetSource) next() (r face.Record, err error) {
	defer recoverParquet(&err)
	for len(s.pending) == 0 {
		if err := s.fill(); err != nil {
			return face.Record{}, err
		}
	}
	row := s.pending[0]
	s.pending = s.pending[1:]
	values := make([]parquet.Value, 0, len(row))
	for _, v := range row {
		switch v.Column() {
		case s.identity.index:
			r.Identity = string(v.ByteArray()) // empty for null
		case s.image.index:
			r.Image = string(v.ByteArray())
		case s.embedding.index:
			values = append(values, v)
		}
	}
	r.Vector, err = s.vector(values)
	return r, err
}

// fill decodes the next rows; io.EOF after the last.
func (s *parquetSource) fill() error {
	if s.rows == nil {
		if len(s.groups) == 0 {
			return io.EOF
		}
		s.rows = s.groups[0].Rows()
		s.groups = s.groups[1:]
	}
	n, err := s.rows.ReadRows(s.buffer)
	s.pending = s.buffer[:n]
	if errors.Is(err, io.EOF) {
		err = s.rows.Close()
		s.rows = nil
	}
	return fatal(err)
}

func (s *parquetSource) vector(values []parquet.Value) ([]float32, error) {
	if slices.ContainsFunc(values, parquet.Value.IsNull) {
		return nil, bad("the embedding, or a component of it, is null")
	}
	v := make([]float32, len(values))
	for i, value := range values {
		if s.embedding.kind == parquet.Double {
			v[i] = float32(value.Double())
		} else {
			v[i] = value.Float()
		}
	}
	return v, nil
}

// recoverParquet makes an error of a panic: the library panics on some damaged
// files, which must not end the program.
func recoverParquet(err *error) {
	if cause := recover(); cause != nil {
		*err = face.Errorf(face.Invalid, "is a damaged Parquet file: %v", cause)
	}
}

func (s *parquetSource) total() int { return s.rowCount }

func (s *parquetSource) close() error {
	if s.rows != nil {
		return errors.Join(s.rows.Close(), s.file.Close())
	}
	return s.file.Close()
}
