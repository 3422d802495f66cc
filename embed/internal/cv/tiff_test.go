package cv_test

import (
	"encoding/binary"
	"image"
)

// tiffPages is an uncompressed TIFF (TIFF 6.0) of one strip a page, with three
// channels of 8 or 16 bits, of the given orientation.
func tiffPages(bits, orientation int, pages ...image.Image) []byte {
	le := binary.LittleEndian
	out := []byte("II*\x00\x00\x00\x00\x00")
	next := 4 // where the offset of the next directory goes
	for _, m := range pages {
		strip := len(out)
		out = append(out, tiffStrip(bits, m)...)
		size := len(out) - strip
		depths := len(out)
		for range 3 {
			out = le.AppendUint16(out, uint16(bits))
		}
		le.PutUint32(out[next:], uint32(len(out)))
		const short, long, entry = 3, 4, 12
		entries := [][4]int{ // tag, type, count, value
			{256, short, 1, m.Bounds().Dx()}, {257, short, 1, m.Bounds().Dy()}, {258, short, 3, depths},
			{259, short, 1, 1}, {262, short, 1, 2}, {273, long, 1, strip}, {274, short, 1, orientation},
			{277, short, 1, 3}, {278, short, 1, m.Bounds().Dy()}, {279, long, 1, size}, {284, short, 1, 1},
		}
		out = le.AppendUint16(out, uint16(len(entries)))
		for _, e := range entries {
			out = le.AppendUint16(le.AppendUint16(out, uint16(e[0])), uint16(e[1]))
			out = le.AppendUint32(le.AppendUint32(out, uint32(e[2])), uint32(e[3]))
		}
		next = len(out)
		out = le.AppendUint32(out, 0)
	}
	return out
}

func tiffStrip(bits int, m image.Image) []byte {
	var out []byte
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, _ := m.At(x, y).RGBA()
			for _, v := range []uint32{r, g, b} {
				if bits == 16 {
					out = append(out, byte(v))
				}
				out = append(out, byte(v>>8))
			}
		}
	}
	return out
}
