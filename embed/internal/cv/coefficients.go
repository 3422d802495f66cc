package cv

// #cgo LDFLAGS: -ljpeg
// #include <stdlib.h>
// #include "coefficients.h"
import "C"

import (
	"image"
	"runtime"
	"unsafe"

	"github.com/visagedb/visage/embed/internal/jpeg"
)

// decodeProgressive fills the memory of a picture of the given size, at 1/reduction of the
// whole, from a progressive JPEG. libjpeg-turbo makes room for the coefficients and the
// pixels of them, as it does of those that it reads itself, so that these are the same; in
// between, package jpeg reads the coefficients. It says whether it could: all other pictures,
// damaged ones among them, are decompress's.
func decodeProgressive(data []byte, reduction int, into []byte, size image.Point) bool {
	// Of so few pixels TurboJPEG takes another fraction than is asked for, if it comes to the
	// same size.
	const few = 8
	photo, err := jpeg.Read(data)
	if err != nil || reduction > 1 && min(photo.Width, photo.Height) < few {
		return false
	}
	c := C.visage_coefficients_new()
	if c == nil {
		return false
	}
	defer C.visage_coefficients_close(c)
	blank := photo.Blank()
	var pinned runtime.Pinner
	pinned.Pin(unsafe.SliceData(blank))
	defer pinned.Unpin()
	if C.visage_coefficients_open(c, (*C.uchar)(unsafe.SliceData(blank)), C.ulong(len(blank)), C.int(reduction)) != nil {
		return false
	}
	rows := make([][][]jpeg.Block, len(photo.Components))
	for i, one := range photo.Components {
		first := make([]*C.short, one.High)
		if C.visage_coefficients_rows(c, C.int(i), C.int(one.Wide), C.int(one.High), unsafe.SliceData(first)) != nil {
			return false
		}
		for _, row := range first {
			rows[i] = append(rows[i], unsafe.Slice((*jpeg.Block)(unsafe.Pointer(row)), one.Wide))
		}
	}
	bytes := photo.Scratch()
	scratch := C.malloc(C.size_t(bytes))
	defer C.free(scratch)
	return photo.Coefficients(rows, unsafe.Slice((*byte)(scratch), bytes)) == nil &&
		C.visage_coefficients_pixels(c, C.int(size.X), C.int(size.Y), (*C.uchar)(unsafe.SliceData(into))) == nil
}
