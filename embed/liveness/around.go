package liveness

import (
	"image"

	"github.com/visagedb/visage/internal/face"
)

// around is the part of a photograph, which is the frame in its picture, that a
// network sees: the box enlarged about its centre, by less where the photograph ends,
// and moved to lie in it (minivision-ai/Silent-Face-Anti-Spoofing, src/
// generate_patches.py, CropImage._get_new_box). Sides are whole pixels, fractions cut
// off, the last column and row included.
func around(box face.Box, frame image.Rectangle, scale float64) image.Rectangle {
	x, width := float64(box.X1)-float64(frame.Min.X), float64(box.X2)-float64(box.X1)
	y, height := float64(box.Y1)-float64(frame.Min.Y), float64(box.Y2)-float64(box.Y1)
	right, bottom := float64(frame.Dx()-1), float64(frame.Dy()-1)
	scale = min(bottom/height, right/width, scale)
	left, last := axis(x, width, scale, right)
	top, low := axis(y, height, scale, bottom)
	return image.Rect(left, top, last+1, low+1).Add(frame.Min)
}

// axis enlarges a box along one axis of a photograph that ends at a pixel. What is
// as long as the photograph, up to rounding, is all of it.
func axis(from, length, scale, end float64) (first, last int) {
	const rounding = 1e-6 // pixels
	middle, half := from+length/2, length*scale/2
	low, high := middle-half, middle+half
	if low < 0 {
		low, high = 0, high-low
	}
	if high > end {
		low, high = low-(high-end), end
	}
	return int(max(0, low+rounding)), int(min(end, high+rounding))
}
