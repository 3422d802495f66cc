package cv

import (
	"encoding/binary"

	"gocv.io/x/gocv"
)

// transposed is the first of the orientations that swap width and height.
const transposed = 5

// upright is the orientation of kinds that carry none.
func upright([]byte) int { return 1 }

// pngOrientation reads the orientation, 1 to 8, from the eXIf chunk (PNG 3rd
// edition, 11.3.4.5). It is 1 where there is none.
func pngOrientation(data []byte) int {
	const signature, head, checksum = 8, 8, 4
	for rest := data[signature:]; len(rest) >= head+checksum; {
		size := uint64(binary.BigEndian.Uint32(rest))
		if size > uint64(len(rest)-head-checksum) {
			return 1
		}
		if string(rest[4:head]) == "eXIf" {
			return tiffOrientation(rest[head : head+size])
		}
		rest = rest[head+size+checksum:]
	}
	return 1
}

// tiffOrientation reads the orientation, 1 to 8, from the first directory of a
// TIFF. It is 1 where there is none, or where the block is no TIFF.
func tiffOrientation(block []byte) int {
	const tag = 0x0112
	if !hasMagic(block, "II*\x00") && !hasMagic(block, "MM\x00*") {
		return 1
	}
	for _, value := range tiffValues(block, tag) {
		if value >= 1 && value <= 8 {
			return int(value)
		}
	}
	return 1
}

// turned undoes an orientation; it takes over m and gives another or the same.
func turned(m *Image, orientation int) *Image {
	const leftRight, upDown = 1, 0
	if orientation <= 1 {
		return m
	}
	defer m.Close()
	width, height := m.Width(), m.Height()
	if orientation >= transposed {
		width, height = height, width
	}
	out := m.pool.image(width, height, m.Channels())
	switch orientation {
	case 2:
		gocv.Flip(m.mat, &out.mat, leftRight)
	case 3:
		gocv.Rotate(m.mat, &out.mat, gocv.Rotate180Clockwise)
	case 4:
		gocv.Flip(m.mat, &out.mat, upDown)
	case 5:
		gocv.Transpose(m.mat, &out.mat)
	case 6:
		gocv.Rotate(m.mat, &out.mat, gocv.Rotate90Clockwise)
	case 7:
		gocv.Transpose(m.mat, &out.mat)
		gocv.Rotate(out.mat, &out.mat, gocv.Rotate180Clockwise)
	case 8:
		gocv.Rotate(m.mat, &out.mat, gocv.Rotate90CounterClockwise)
	}
	return out
}
