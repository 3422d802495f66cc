package cv_test

import (
	"encoding/binary"
)

// flatJPEG builds baseline JPEGs of flat blocks of 8x8 pixels, of any number of
// components (ITU-T T.81). Its quantisation makes one step of the DC coefficient
// one level; its Huffman tables give the DC categories 0 to 8 codes of 4 bits
// and the end of a block 1 bit.
type flatJPEG struct {
	width, height int      // in blocks
	blocks        [][]byte // block by block, row by row: the levels of its components
	adobe         int      // transform of Adobe's marker, -1 for no such marker
	restart       int      // a restart marker follows every so many blocks; 0 for none
	drop          int      // this block, counted from 1, and its marker are missing
}

func segment(marker byte, content ...byte) []byte {
	out := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(content)+2))
	return append(out, content...)
}

func (f flatJPEG) bytes() []byte {
	components := byte(len(f.blocks[0]))
	out := []byte{0xff, 0xd8}
	if f.adobe >= 0 {
		out = append(out, segment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), byte(f.adobe))...)...)
	}
	table := []byte{0}
	for range 64 {
		table = append(table, 8)
	}
	out = append(out, segment(0xdb, table...)...)
	frame := []byte{8, 0, byte(8 * f.height), 0, byte(8 * f.width), components}
	scan := []byte{components}
	for i := range components {
		frame = append(frame, i+1, 0x11, 0)
		scan = append(scan, i+1, 0)
	}
	out = append(out, segment(0xc0, frame...)...)
	dc := append(make([]byte, 17), 0, 1, 2, 3, 4, 5, 6, 7, 8)
	dc[4] = 9
	ac := append(make([]byte, 17), 0)
	ac[0], ac[1] = 0x10, 1
	out = append(out, segment(0xc4, append(dc, ac...)...)...)
	out = append(out, segment(0xdd, 0, byte(f.restart))...)
	out = append(out, segment(0xda, append(scan, 0, 63, 0)...)...)
	return append(append(out, f.scan()...), 0xff, 0xd9)
}

// scan codes the blocks' levels, each as the difference from the one before.
func (f flatJPEG) scan() []byte {
	var out []byte
	var w bitWriter
	last := make([]int, len(f.blocks[0]))
	for i, block := range f.blocks {
		for c, level := range block {
			w.dc(int(level) - 128 - last[c])
			last[c] = int(level) - 128
		}
		if f.restart == 0 || (i+1)%f.restart != 0 || i+1 == len(f.blocks) {
			continue
		}
		if i+1 != f.drop {
			out = append(append(out, w.flush()...), 0xff, byte(0xd0+i/f.restart%8))
		}
		w, last = bitWriter{}, make([]int, len(last))
	}
	return append(out, w.flush()...)
}

type bitWriter struct{ bits []byte }

func (w *bitWriter) put(value, count int) {
	for count--; count >= 0; count-- {
		w.bits = append(w.bits, byte(value>>count&1))
	}
}

// dc writes a difference and the end of its block (T.81, F.1.2.1).
func (w *bitWriter) dc(difference int) {
	category, code := 0, difference
	for size := max(difference, -difference); size > 0; size >>= 1 {
		category++
	}
	if difference < 0 {
		code += 1<<category - 1
	}
	w.put(category, 4)
	w.put(code, category)
	w.put(0, 1)
}

// flush fills the last byte with ones and stuffs a zero after each 0xff.
func (w *bitWriter) flush() []byte {
	for len(w.bits)%8 != 0 {
		w.put(1, 1)
	}
	var out []byte
	for i := 0; i < len(w.bits); i += 8 {
		b := byte(0)
		for _, bit := range w.bits[i : i+8] {
			b = b<<1 | bit
		}
		if out = append(out, b); b == 0xff {
			out = append(out, 0)
		}
	}
	return out
}
