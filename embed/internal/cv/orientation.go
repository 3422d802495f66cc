package cv

import (
	"bytes"
	"encoding/binary"

	"gocv.io/x/gocv"
)

// webpOrientation reads the orientation, 1 to 8, from the EXIF chunk of a WebP
// (RIFF container; developers.google.com/speed/webp/docs/riff_container), which
// OpenCV leaves unread, unlike that of JPEG, PNG and TIFF. It is 1 where there
// is none.
func webpOrientation(data []byte) int {
	for at := 12; at+8 <= len(data); {
		size := int(binary.LittleEndian.Uint32(data[at+4:]))
		if size > len(data)-at-8 {
			return 1
		}
		if string(data[at:at+4]) == "EXIF" {
			return tiffOrientation(bytes.TrimPrefix(data[at+8:at+8+size], []byte("Exif\x00\x00")))
		}
		at += 8 + size + size%2
	}
	return 1
}

// tiffOrientation reads the orientation, 1 to 8, from a TIFF header. It is 1
// where there is none.
func tiffOrientation(block []byte) int {
	const tag = 0x0112
	for _, value := range tiffValues(block, tag) {
		if value >= 1 && value <= 8 {
			return int(value)
		}
	}
	return 1
}

// turned undoes an orientation; it takes over mat and gives another or the same.
func turned(mat gocv.Mat, orientation int) gocv.Mat {
	const leftRight, upDown = 1, 0
	out := gocv.NewMat()
	switch orientation {
	case 2:
		gocv.Flip(mat, &out, leftRight)
	case 3:
		gocv.Rotate(mat, &out, gocv.Rotate180Clockwise)
	case 4:
		gocv.Flip(mat, &out, upDown)
	case 5:
		gocv.Transpose(mat, &out)
	case 6:
		gocv.Rotate(mat, &out, gocv.Rotate90Clockwise)
	case 7:
		gocv.Transpose(mat, &out)
		gocv.Rotate(out, &out, gocv.Rotate180Clockwise)
	case 8:
		gocv.Rotate(mat, &out, gocv.Rotate90CounterClockwise)
	default:
		_ = out.Close() // a delete in C++; it cannot fail
		return mat
	}
	_ = mat.Close()
	return out
}
