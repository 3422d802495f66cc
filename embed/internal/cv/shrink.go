package cv

// #include "shrink.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// Region is a part of a picture, in its pixels; it need not begin or end at whole ones.
type Region struct{ X, Y, Width, Height float64 }

// Shrink scales a region of the picture down to width x height pixels, each the mean
// of what it covers, as Resize does by Area, but faster and with the fractions of
// pixels at the region's sides. What of the region lies outside the picture counts for
// nothing; a region that lies outside altogether is an error.
func (m *Image) Shrink(r Region, width, height int) (*Image, error) {
	if width < 1 || height < 1 || width > MaxSide || height > MaxSide {
		return nil, fmt.Errorf("shrink to %dx%d: sides must lie in 1 to %d", width, height, MaxSide)
	}
	overlaps := r.Width > 0 && r.Height > 0 && r.X < float64(m.Width()) && r.Y < float64(m.Height()) && r.X+r.Width > 0 && r.Y+r.Height > 0
	if !overlaps || m.Channels() != 1 && m.Channels() != 3 {
		return nil, fmt.Errorf("shrink the region %v of a picture of %dx%d pixels and %d channels: it must overlap the picture, which must have 1 or 3",
			r, m.Width(), m.Height(), m.Channels())
	}
	pixels, err := m.Pixels()
	if err != nil {
		return nil, err
	}
	out := m.pool.image(width, height, m.Channels())
	to, err := out.Pixels()
	if err != nil {
		return nil, err
	}
	var problem *C.char
	C.visage_shrink(C.visage_region{
		pixels: (*C.uchar)(unsafe.Pointer(unsafe.SliceData(pixels))), columns: C.int(m.Width()), rows: C.int(m.Height()), channels: C.int(m.Channels()),
		x: C.double(r.X), y: C.double(r.Y), width: C.double(r.Width), height: C.double(r.Height),
	}, C.int(width), C.int(height), (*C.uchar)(unsafe.Pointer(unsafe.SliceData(to))), &problem)
	return out, problemOf(problem)
}
