package cv

import "encoding/binary"

// maxTile bounds a tile of a TIFF, in pixels: libtiff decodes whole tiles,
// however small the picture is that they belong to.
const maxTile = 1 << 24

// tiffTileTooLarge says whether the first directory claims a tile of more than
// maxTile pixels.
func tiffTileTooLarge(data []byte) bool {
	const tileWidth, tileLength = 322, 323
	for _, w := range tiffValues(data, tileWidth) {
		for _, h := range tiffValues(data, tileLength) {
			if w*h > maxTile {
				return true
			}
		}
	}
	return false
}

// tiffValues reads the values of all entries of the first directory with the
// given tag that hold one number of 16 or 32 bits (TIFF 6.0, section 2).
func tiffValues(block []byte, tag uint16) []uint64 {
	const entry, long = 12, 4
	if len(block) < 8 {
		return nil
	}
	var order binary.ByteOrder = binary.LittleEndian
	if block[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(block[4:]))
	if at+2 > uint64(len(block)) {
		return nil
	}
	var values []uint64
	entries := order.Uint16(block[at:])
	for at += 2; entries > 0 && at+entry <= uint64(len(block)); entries, at = entries-1, at+entry {
		if order.Uint16(block[at:]) != tag {
			continue
		}
		value := uint64(order.Uint16(block[at+8:]))
		if order.Uint16(block[at+2:]) == long {
			value = uint64(order.Uint32(block[at+8:]))
		}
		values = append(values, value)
	}
	return values
}
