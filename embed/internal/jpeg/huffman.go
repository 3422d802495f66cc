package jpeg

import "slices"

// lookahead is how many bits are looked up at once. Most codes are no longer.
const lookahead = 10

// table is a Huffman table (T.81, annex C).
type table struct {
	short  [1 << lookahead]uint16 // symbol << 8 | length by the next bits; 0 where the code is longer
	bound  [17]uint32             // by length: the first 16 bits of all codes that are not longer lie below
	offset [17]int                // by length: what is added to a code for its place among the symbols
	symbol []byte
}

// mostTables bounds what a picture that is made to harm takes: a table needs 17 bytes of it,
// and 2 kB here. Usual ones have four, or one for each of some ten scans.
const mostTables = 256

// defineTables reads a segment of tables: those of DC coefficients are 0 to 3, of the others 16
// to 19.
func (d *decoder) defineTables(content []byte) error {
	for len(content) > 0 {
		if d.defined++; len(content) < 17 || content[0]&0xef > 3 || d.defined > mostTables {
			return ErrOther
		}
		symbols := 0
		for _, n := range content[1:17] {
			symbols += int(n)
		}
		if symbols > 256 || len(content) < 17+symbols {
			return ErrOther
		}
		if content[0] < 16 && slices.ContainsFunc(content[17:17+symbols], func(size byte) bool { return size > 15 }) {
			return ErrOther
		}
		t, err := newTable([16]byte(content[1:17]), content[17:17+symbols])
		if err != nil {
			return err
		}
		d.tables[content[0]] = t
		content = content[17+symbols:]
	}
	return nil
}

// newTable makes a table of how many codes there are of each length from 1 on, and of what
// they stand for.
func newTable(counts [16]byte, symbols []byte) (*table, error) {
	t := &table{symbol: symbols}
	code, at := 0, 0
	for i, n := range counts {
		length := i + 1
		t.offset[length] = at - code
		for range n {
			if code >= 1<<length-1 { // all ones are no code
				return nil, ErrOther
			}
			if length <= lookahead {
				from := code << (lookahead - length)
				for j := range 1 << (lookahead - length) {
					t.short[from+j] = uint16(symbols[at])<<8 | uint16(length)
				}
			}
			code, at = code+1, at+1
		}
		t.bound[length] = uint32(code) << (16 - length)
		code <<= 1
	}
	return t, nil
}

// look gives the symbol of the code with which the bits begin, times 256, and the code's
// length; 0 where there is no such code.
func (t *table) look(held uint64) uint16 {
	if e := t.short[held>>(64-lookahead)]; e != 0 {
		return e
	}
	return t.long(held)
}

// long looks up a code that is longer than lookahead.
func (t *table) long(held uint64) uint16 {
	sixteen := uint32(held >> 48)
	for length := lookahead + 1; length <= 16; length++ {
		if sixteen < t.bound[length] {
			return uint16(t.symbol[int(sixteen>>(16-length))+t.offset[length]])<<8 | uint16(length)
		}
	}
	return 0
}
