package cv

// #include "stretch.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Stretch writes the picture's three channels as Spread does, scaled
// bilinearly to width x height pixels: what Resize and Spread would write, but
// in one pass, and not rounded to whole levels between the two. A value is less
// than one level from theirs, before scale and shift.
func (m *Image) Stretch(out []float32, p Planes, width, height int) error {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return fmt.Errorf("stretch to %dx%d: sides must lie in 1 to %d", width, height, MaxSide)
	}
	if m.Channels() != 3 {
		return fmt.Errorf("stretch a picture of %d channels: it must have three", m.Channels())
	}
	begin, shift, err := p.within(out, width, height)
	if err != nil {
		return err
	}
	pixels, err := m.Pixels()
	if err != nil {
		return err
	}
	from := C.visage_picture{
		pixels: (*C.uchar)(unsafe.Pointer(unsafe.SliceData(pixels))), width: C.int(m.Width()), height: C.int(m.Height()),
	}
	var problem *C.char
	C.visage_stretch(from, C.int(width), C.int(height), (*C.float)(unsafe.Pointer(unsafe.SliceData(out))),
		&begin[0], C.long(p.Stride), C.float(p.Scale), &shift[0], &problem)
	return problemOf(problem)
}
