package vectors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// The .npy format is that of NumPy's numpy/lib/format.py: a magic string, two
// bytes of version, the length of the header (two bytes little endian in version
// 1, four in 2 and 3), the header, which is a Python dictionary with the keys
// descr, fortran_order and shape padded by spaces, and the data.
const (
	npyMagic = "\x93NUMPY"
	// longestHeader bounds a header; one of two dimensions needs about 100 bytes.
	longestHeader = 64 << 10
)

// npyHeader describes an array of two dimensions in C order.
type npyHeader struct {
	rows, columns int
	width         int // bytes of a component: 4 or 8, little endian
}

// readNPYHeader reads up to where the data begins, whose offset it returns.
func readNPYHeader(r io.Reader) (npyHeader, int64, error) {
	var fixed [12]byte // magic, version, length
	if _, err := io.ReadFull(r, fixed[:10]); err != nil || string(fixed[:6]) != npyMagic {
		return npyHeader{}, 0, face.Errorf(face.Invalid, "is no .npy file")
	}
	length, at := int(binary.LittleEndian.Uint16(fixed[8:])), 10
	switch fixed[6] {
	case 1:
	case 2, 3:
		at = 12
		if _, err := io.ReadFull(r, fixed[10:]); err != nil {
			return npyHeader{}, 0, face.Errorf(face.Invalid, "its header is cut short")
		}
		length = int(binary.LittleEndian.Uint32(fixed[8:]))
	default:
		return npyHeader{}, 0, face.Errorf(face.Invalid, "has version %d of the .npy format, versions 1 to 3 are read", fixed[6])
	}
	if length > longestHeader {
		return npyHeader{}, 0, face.Errorf(face.Invalid, "its header says it has %d bytes, the limit is %d", length, longestHeader)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return npyHeader{}, 0, face.Errorf(face.Invalid, "its header is cut short")
	}
	h, err := parseNPYHeader(string(text))
	return h, int64(at + length), err
}

// parseNPYHeader reads the dictionary.
func parseNPYHeader(text string) (npyHeader, error) {
	descr, a := npyValue(text, "descr", "'", "'")
	order, b := npyValue(text, "fortran_order", "", ",")
	shape, c := npyValue(text, "shape", "(", ")")
	if !a || !b || !c {
		return npyHeader{}, face.Errorf(face.Invalid, "its header is %.120q, without descr, fortran_order or shape as an array of numbers has them", text)
	}
	width := map[string]int{"<f4": 4, "<f8": 8}[descr]
	if width == 0 {
		return npyHeader{}, face.Errorf(face.Invalid, "holds components of type %q: save it as float32, numpy's '<f4'", descr)
	}
	if strings.TrimSpace(order) != "False" {
		return npyHeader{}, face.Errorf(face.Invalid, "is in Fortran order: save numpy.ascontiguousarray of it")
	}
	var sizes []int
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(shape), ","), ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(part), 10, 48)
		if err != nil || n < 0 {
			return npyHeader{}, face.Errorf(face.Invalid, "has the shape (%.60s)", shape)
		}
		sizes = append(sizes, int(n))
	}
	if len(sizes) != 2 {
		return npyHeader{}, face.Errorf(face.Invalid, "is an array of shape (%.60s): it must have two dimensions, rows and components", shape)
	}
	return npyHeader{sizes[0], sizes[1], width}, nil
}

// npyValue returns what is between two marks after a key.
func npyValue(text, key, from, to string) (string, bool) {
	_, after, found := strings.Cut(text, "'"+key+"'")
	after, colon := strings.CutPrefix(strings.TrimLeft(after, " "), ":")
	after, opened := strings.CutPrefix(strings.TrimLeft(after, " "), from)
	value, _, closed := strings.Cut(after, to)
	return value, found && colon && opened && closed
}

// npyHeaderSize is the size of the headers that are written: a multiple of 64,
// as the format wants it, with room for any number of rows.
const npyHeaderSize = 128

// npyHeaderOf writes the header of a float32 array in version 1.
func npyHeaderOf(rows, columns int) []byte {
	header := []byte(npyMagic + "\x01\x00")
	header = binary.LittleEndian.AppendUint16(header, npyHeaderSize-10)
	header = fmt.Appendf(header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", rows, columns)
	header = append(header, bytes.Repeat([]byte(" "), npyHeaderSize-1-len(header))...)
	return append(header, '\n')
}
