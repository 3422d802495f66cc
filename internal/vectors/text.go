package vectors

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// longestRow bounds a row of text, in bytes: the 16,000 components that a space
// may have take 400 KB at 25 characters each.
const longestRow = 4 << 20

// parseVector reads a list of numbers in brackets, which is JSON's notation and
// that of pgvector.
func parseVector(text string) ([]float32, error) {
	text = strings.TrimSpace(text)
	inner, opened := strings.CutPrefix(text, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !opened || !closed {
		return nil, bad("the embedding %.40q is no list of numbers in brackets", text)
	}
	v := make([]float32, 0, 1+strings.Count(inner, ","))
	for part := range strings.SplitSeq(inner, ",") {
		component, err := parseComponent(part, len(v))
		if err != nil {
			return nil, err
		}
		v = append(v, component)
	}
	return v, nil
}

// parseComponent reads a number; one too large for float32 is refused by check,
// as infinite.
func parseComponent(text string, at int) (float32, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 32)
	if err != nil && v == 0 {
		return 0, bad("component %d of the embedding is %.40q, which is no number", at, text)
	}
	return float32(v), nil
}

// rowReader reads a text file and refuses to let one row be endless, as an
// unclosed quotation mark would make it.
type rowReader struct {
	file *os.File
	size int64
	read int64 // bytes by now
	left int   // bytes that the row may still have
}

func newRowReader(file *os.File) (*rowReader, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "cannot be read")
	}
	return &rowReader{file: file, size: info.Size(), left: longestRow}, nil
}

// begin starts a row.
func (r *rowReader) begin() { r.left = longestRow }

func (r *rowReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, face.Errorf(face.Invalid, "a row of more than %d bytes: is a quotation mark or a line end missing?", longestRow)
	}
	n, err := r.file.Read(p)
	r.read += int64(n)
	r.left -= n
	return n, err
}

// estimate is how many rows the file has if they are all as long as those that
// were read.
func (r *rowReader) estimate(rows int) int {
	if r.read == 0 {
		return 0
	}
	return int(float64(rows) * float64(r.size) / float64(r.read))
}

// skipMark leaves out the byte order mark that some programs put before UTF-8.
func skipMark(r *bufio.Reader) {
	if mark, err := r.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = r.Discard(len(mark)) // was peeked
	}
}

// fatal gives an error of reading its code, unless it has one.
func fatal(err error) error {
	if err == nil || errors.Is(err, io.EOF) || face.CodeOf(err) != face.Internal {
		return err
	}
	return face.Wrap(face.Invalid, err, "cannot be read as what its name says")
}
