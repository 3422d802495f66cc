package cv

// #include "planes.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Planes are where the channels of a picture go, one float for each byte.
type Planes struct {
	// Begin is the index of each channel's first pixel, in the order blue,
	// green, red.
	Begin [3]int
	// Stride is the number of floats from one row to the next.
	Stride int
	// Scale and Shift make the floats: byte*Scale + Shift of the channel.
	Scale float32
	Shift [3]float32
}

// Spread writes the picture's three channels to planes of their own in out,
// which must hold them.
func (m *Image) Spread(out []float32, p Planes) error {
	if m.Channels() != 3 || p.Stride < m.Width() {
		return fmt.Errorf("spread a picture of %d channels and width %d to rows of %d", m.Channels(), m.Width(), p.Stride)
	}
	var begin [3]C.long
	var shift [3]C.float
	for c, at := range p.Begin {
		if at < 0 || at+(m.Height()-1)*p.Stride+m.Width() > len(out) {
			return fmt.Errorf("spread a picture of %dx%d pixels from %d on: there are %d floats", m.Width(), m.Height(), at, len(out))
		}
		begin[c], shift[c] = C.long(at), C.float(p.Shift[c])
	}
	pixels, err := m.Pixels()
	if err != nil {
		return err
	}
	var problem *C.char
	C.visage_planes((*C.uchar)(unsafe.Pointer(unsafe.SliceData(pixels))), C.int(m.Width()), C.int(m.Height()),
		(*C.float)(unsafe.Pointer(unsafe.SliceData(out))), &begin[0], C.long(p.Stride), C.float(p.Scale), &shift[0], &problem)
	return problemOf(problem)
}
