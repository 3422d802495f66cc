package vectors

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"unicode/utf8"

	"github.com/visagedb/visage/internal/face"
)

// jsonlSource reads a JSON object from each line.
type jsonlSource struct {
	text  *rowReader
	lines *bufio.Reader
	read  int
}

// jsonRow is what a line holds; other keys are left alone.
type jsonRow struct {
	Identity  string          `json:"identity"`
	Image     string          `json:"image"`
	Embedding json.RawMessage `json:"embedding"`
}

func openJSONL(file *os.File, _ Config) (source, error) {
	text, err := newRowReader(file)
	if err != nil {
		return nil, err
	}
	s := &jsonlSource{text: text, lines: bufio.NewReaderSize(text, 64<<10)}
	skipMark(s.lines)
	return s, nil
}

func (s *jsonlSource) next() (face.Record, error) {
	s.text.begin()
	line, err := s.lines.ReadBytes('\n')
	if err != nil && (!errors.Is(err, io.EOF) || len(line) == 0) {
		return face.Record{}, fatal(err)
	}
	s.read++
	return parseJSONRow(line)
}

// parseJSONRow reads one line. JSON's own reader would take null for 0 and
// replace what is not UTF-8.
func parseJSONRow(line []byte) (face.Record, error) {
	line = bytes.TrimSpace(line)
	if !utf8.Valid(line) {
		return face.Record{}, bad("is not UTF-8")
	}
	var row jsonRow
	if err := json.Unmarshal(line, &row); err != nil {
		return face.Record{}, badRow{face.Wrap(face.Invalid, err, "is no JSON object with identity, image and embedding")}
	}
	if len(row.Embedding) == 0 {
		return face.Record{}, bad("has no embedding")
	}
	v, err := parseVector(string(row.Embedding))
	return face.Record{Identity: row.Identity, Image: row.Image, Vector: v}, err
}

func (s *jsonlSource) total() int { return s.text.estimate(s.read) }

func (s *jsonlSource) close() error { return s.text.file.Close() }
