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
	if m.Channels() != 3 {
		return fmt.Errorf("spread a picture of %d channels: it must have three", m.Channels())
	}
	begin, shift, err := p.within(out, m.Width(), m.Height())
	if err != nil {
		return err
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

// Together is how the channels of a picture become floats that stay together.
type Together struct {
	// From is which channel of a pixel, of blue, green, red, each of its floats is.
	From [3]int
	// Scale and Shift make the floats: byte*Scale + Shift.
	Scale, Shift [3]float32
}

// Floats writes three floats for each pixel, row by row, of a picture of three channels
// to out, which must be so long.
func (m *Image) Floats(out []float32, t Together) error {
	if m.Channels() != 3 || len(out) != 3*m.Width()*m.Height() {
		return fmt.Errorf("make %d floats of a picture of %dx%d pixels of %d channels: it must have three", len(out), m.Width(), m.Height(), m.Channels())
	}
	pixels, err := m.Pixels()
	if err != nil {
		return err
	}
	var from [3]C.int
	var scale, shift [3]C.float
	for c, of := range t.From {
		if of < 0 || of > 2 {
			return fmt.Errorf("make floats of channel %d: there are 0 to 2", of)
		}
		from[c], scale[c], shift[c] = C.int(of), C.float(t.Scale[c]), C.float(t.Shift[c])
	}
	var problem *C.char
	C.visage_together((*C.uchar)(unsafe.Pointer(unsafe.SliceData(pixels))), C.long(m.Width()*m.Height()),
		(*C.float)(unsafe.Pointer(unsafe.SliceData(out))), &from[0], &scale[0], &shift[0], &problem)
	return problemOf(problem)
}

// within gives the planes to C once a picture of the given size lies in out
// where they say.
func (p Planes) within(out []float32, width, height int) (begin [3]C.long, shift [3]C.float, err error) {
	if p.Stride < width {
		return begin, shift, fmt.Errorf("write a picture of width %d to rows of %d floats", width, p.Stride)
	}
	for c, at := range p.Begin {
		if at < 0 || at+(height-1)*p.Stride+width > len(out) {
			return begin, shift, fmt.Errorf("write a picture of %dx%d pixels from %d on: there are %d floats", width, height, at, len(out))
		}
		begin[c], shift[c] = C.long(at), C.float(p.Shift[c])
	}
	return begin, shift, nil
}
