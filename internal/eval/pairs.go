package eval

import (
	"encoding/csv"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Pair is two photographs and whether they show the same person.
type Pair struct {
	A, B string // paths as the list has them, commonly relative to a root
	Same bool
}

// the columns of a list of pairs.
var pairColumns = []string{"file_a", "file_b", "same"}

// ReadPairsFile reads a list of pairs from a file; see ReadPairs. It returns
// NotFound where there is no such file and Unreadable where it cannot be read.
func ReadPairsFile(path string) ([]Pair, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, face.Wrap(face.NotFound, err, "no list of pairs")
	}
	if err != nil {
		return nil, face.Wrap(face.Unreadable, err, "list of pairs")
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, face.Wrap(face.Unreadable, err, "list of pairs")
	case !info.Mode().IsRegular():
		return nil, face.Errorf(face.Unreadable, "list of pairs: %s is not a regular file", path)
	default:
		return ReadPairs(f, path)
	}
}

// ReadPairs reads comma-separated values whose first line names the columns
// file_a, file_b and same (1 or 0), in any order and among others. It returns
// Invalid, with the name given and the line's number, for what it cannot
// understand and for a list without pairs.
func ReadPairs(r io.Reader, name string) ([]Pair, error) {
	rows := csv.NewReader(r)
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return nil, face.Errorf(face.Invalid, "%s is empty: its first line must be %s", name, strings.Join(pairColumns, ","))
	}
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "%s", name)
	}
	columns, err := columnsOf(header, name)
	if err != nil {
		return nil, err
	}
	var pairs []Pair
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil { // its text has the line's number
			return nil, face.Wrap(face.Invalid, err, "%s", name)
		}
		pair, err := pairOf(row, columns)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return nil, face.Wrap(face.Invalid, err, "%s line %d", name, line)
		}
		pairs = append(pairs, pair)
	}
	if len(pairs) == 0 {
		return nil, face.Errorf(face.Invalid, "%s has a header and no pairs", name)
	}
	return pairs, nil
}

// columnsOf finds where each of pairColumns stands.
func columnsOf(header []string, name string) (at [3]int, err error) {
	header[0] = strings.TrimPrefix(header[0], "\ufeff") // spreadsheets write a byte order mark
	for i, column := range pairColumns {
		at[i] = -1
		for j, title := range header {
			if strings.TrimSpace(title) == column {
				at[i] = j
			}
		}
		if at[i] < 0 {
			return at, face.Errorf(face.Invalid, "%s line 1: no column %s in %q: the first line must be %s",
				name, column, strings.Join(header, ","), strings.Join(pairColumns, ","))
		}
	}
	return at, nil
}

func pairOf(row []string, columns [3]int) (Pair, error) {
	pair := Pair{A: row[columns[0]], B: row[columns[1]]}
	if pair.A == "" || pair.B == "" {
		return Pair{}, errors.New("a photograph is missing: fill both file_a and file_b")
	}
	switch same := strings.TrimSpace(row[columns[2]]); same {
	case "1":
		pair.Same = true
	case "0":
	default:
		return Pair{}, face.Errorf(face.Invalid, "same is %q: write 1 for the same person, 0 for two", same)
	}
	return pair, nil
}
