package vectors

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"strconv"

	"github.com/visagedb/visage/internal/face"
)

// csvSink writes the columns identity, image and embedding.
type csvSink struct {
	buffer *bufio.Writer
	rows   *csv.Writer
	text   []byte
}

func beginCSV(file *output) (sink, error) {
	buffer := bufio.NewWriterSize(file, 64<<10)
	s := &csvSink{buffer: buffer, rows: csv.NewWriter(buffer)}
	return s, s.rows.Write([]string{"identity", "image", "embedding"})
}

func (s *csvSink) write(r face.Record) error {
	s.text = appendVector(s.text[:0], r.Vector)
	return s.rows.Write([]string{r.Identity, r.Image, string(s.text)})
}

func (s *csvSink) finish() error {
	s.rows.Flush()
	if err := s.rows.Error(); err != nil {
		return err
	}
	return s.buffer.Flush()
}

// appendVector writes a vector as JSON and pgvector read it, with as many digits
// as give the same float32 again.
func appendVector(text []byte, v []float32) []byte {
	text = append(text, '[')
	for i, c := range v {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendFloat(text, float64(c), 'g', -1, 32)
	}
	return append(text, ']')
}

// jsonlSink writes an object on each line.
type jsonlSink struct {
	buffer *bufio.Writer
	rows   *json.Encoder
	text   []byte
}

func beginJSONL(file *output) (sink, error) {
	s := &jsonlSink{buffer: bufio.NewWriterSize(file, 64<<10)}
	s.rows = json.NewEncoder(s.buffer)
	s.rows.SetEscapeHTML(false)
	return s, nil
}

func (s *jsonlSink) write(r face.Record) error {
	s.text = appendVector(s.text[:0], r.Vector)
	return s.rows.Encode(jsonRow{Identity: r.Identity, Image: r.Image, Embedding: s.text})
}

func (s *jsonlSink) finish() error { return s.buffer.Flush() }
