package postgres

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/visagedb/visage/internal/face"
)

// copySignature begins what COPY writes in binary form (PostgreSQL manual, COPY,
// "Binary Format"); flags and the length of an extension follow, both zero.
const copySignature = "PGCOPY\n\xff\r\n\x00"

// readCopy reads templates as COPY writes them in binary form: face, gallery, identity,
// which may be null, and the vector, of dim components. It gives them on in pieces; a
// piece is used again for the next one.
func readCopy(from io.Reader, dim int, put func([]face.Enrolled) error) error {
	in := bufio.NewReaderSize(from, 1<<18)
	head := make([]byte, len(copySignature)+8)
	if _, err := io.ReadFull(in, head); err != nil {
		return fmt.Errorf("read the head of COPY: %w", err)
	}
	if string(head[:len(copySignature)]) != copySignature {
		return fmt.Errorf("COPY begins with %q: it is not in binary form", head)
	}
	rows := make([]face.Enrolled, 0, max(1, min(piece, pieceSize/dim)))
	vectors := make([]float32, cap(rows)*dim)
	buffer := make([]byte, vectorSize(dim))
	for {
		var fields int16
		if err := binary.Read(in, binary.BigEndian, &fields); err != nil {
			return fmt.Errorf("read COPY: %w", err)
		}
		if len(rows) > 0 && (fields == -1 || len(rows) == cap(rows)) {
			if err := put(rows); err != nil {
				return err
			}
			rows = rows[:0]
		}
		if fields == -1 {
			return nil
		}
		if fields != 4 {
			return fmt.Errorf("a row of COPY has %d fields, not 4", fields)
		}
		row := face.Enrolled{Vector: vectors[len(rows)*dim : (len(rows)+1)*dim]}
		if err := readCopyRow(in, buffer, &row); err != nil {
			return err
		}
		rows = append(rows, row)
	}
}

// readCopyRow reads the fields of a row. The buffer has the size of its vector.
func readCopyRow(in io.Reader, buffer []byte, row *face.Enrolled) error {
	for _, id := range []*[16]byte{&row.Face, &row.Gallery, &row.Identity} {
		if err := readField(in, id[:], id == &row.Identity); err != nil {
			return err
		}
	}
	if err := readField(in, buffer, false); err != nil {
		return err
	}
	return readVector(buffer, row.Vector)
}

// readField reads a field of a known length, which leaves the value as it is where the
// field is null and may be.
func readField(in io.Reader, value []byte, nullable bool) error {
	var length int32
	if err := binary.Read(in, binary.BigEndian, &length); err != nil {
		return fmt.Errorf("read COPY: %w", err)
	}
	if length == -1 && nullable {
		return nil
	}
	if int(length) != len(value) {
		return fmt.Errorf("a field of COPY has %d bytes, not %d", length, len(value))
	}
	_, err := io.ReadFull(in, value)
	return err
}

// vectorSize is how many bytes pgvector sends for a vector: two numbers of 16 bits, the
// dimension and zero, and 32 bits for each component (vector_send in its vector.c).
func vectorSize(dim int) int { return 4 + 4*dim }

// readVector reads a vector as pgvector sends it.
func readVector(from []byte, to []float32) error {
	if len(from) != vectorSize(len(to)) || int(binary.BigEndian.Uint16(from)) != len(to) {
		return fmt.Errorf("a vector of %d bytes has not %d dimensions", len(from), len(to))
	}
	for i := range to {
		to[i] = math.Float32frombits(binary.BigEndian.Uint32(from[4+4*i:]))
	}
	return nil
}
