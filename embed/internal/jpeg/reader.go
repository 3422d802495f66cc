package jpeg

import (
	"bytes"
	"encoding/binary"
)

// reader gives the bits of a scan up to the next marker.
type reader struct {
	data []byte // without stuffing, and with padding
	end  int    // where the padding begins
	pos  int    // of the next bit
}

// padding is more than the bytes that a block, or a unit of a scan of DC coefficients, can
// take: 63 times 16 bits of a code and 15 more.
const padding = 256

// load takes the bytes up to the next marker, at which what it returns begins. Those with a
// value of 255 are followed by a zero, which is left out (T.81, F.1.2.3).
func (r *reader) load(data []byte) (rest []byte, err error) {
	if rest, err = marked(data); err != nil {
		return nil, err
	}
	r.data = r.data[:0]
	for data = data[:len(data)-len(rest)]; ; {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 {
			break
		}
		r.data = append(r.data, data[:i+1]...)
		data = data[i+2:]
	}
	r.data = append(r.data, data...)
	r.end, r.pos = len(r.data), 0
	r.data = append(r.data, make([]byte, padding)...)
	return rest, nil
}

// marked gives the bytes from the next marker on.
func marked(data []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 || i+1 >= len(data) {
			return nil, ErrOther
		}
		if data[i+1] != 0 {
			return data[i:], nil
		}
		data = data[i+2:]
	}
}

// over says whether more was taken than there is.
func (r *reader) over() bool { return r.pos > 8*r.end }

// spent says whether all was taken, but for the bits that fill up the last byte.
func (r *reader) spent() bool { return r.pos <= 8*r.end && r.pos > 8*r.end-8 }

// next gives the bits from a place on, the first as the highest; 57 of them are valid.
func next(data []byte, pos int) uint64 {
	return binary.BigEndian.Uint64(data[pos>>3:]) << (pos & 7)
}

// bit gives one.
func bit(data []byte, pos int) byte { return data[pos>>3] >> (^pos & 7) & 1 }

// extended is the number that the first of some bits say, at least one and at most 16, of
// which half stand for negative ones (T.81, F.2.2.1).
func extended(held uint64, n uint) int {
	value := int(held >> ((64 - n) & 63))
	if held>>63 == 0 {
		value += 1 - 1<<(n&63)
	}
	return value
}
