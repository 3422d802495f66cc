package classify

import (
	"fmt"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Face is a face in a picture that shows a photograph, with a border perhaps.
type Face struct {
	Picture *cv.Image
	// Frame is where the photograph lies in the picture, without the border.
	Frame image.Rectangle
	// Box is the detector's, in the picture's pixels. It overlaps the frame.
	Box face.Box
	// Turned is the face as DeepFace cuts it out; nil where nobody asked for it.
	Turned *cv.Image
}

// Pixels says how a crop becomes a graph's numbers: (x - Mean) / Std of the bytes x
// of each channel, in the graph's order.
type Pixels struct {
	Grey bool // one channel of grey; three otherwise
	RGB  bool // red, green, blue; the opposite otherwise
	Mean [3]float32
	Std  [3]float32
	Last bool // the channels of a pixel together; otherwise one channel after the other
}

// Channels is how many the graph has.
func (p Pixels) Channels() int {
	if p.Grey {
		return 1
	}
	return 3
}

// Of writes the numbers of a crop, which has the graph's size and channels, to out, one
// for each of its bytes.
func (p Pixels) Of(crop *cv.Image, out []float32) error {
	n := p.Channels()
	if crop.Channels() != n || crop.Width()*crop.Height()*n != len(out) {
		return fmt.Errorf("crop of %dx%d pixels of %d channels, want %d and %d numbers", crop.Width(), crop.Height(), crop.Channels(), n, len(out))
	}
	switch {
	case n == 3 && p.Last:
		return p.together(crop, out)
	case n == 3 && p.Std[0] == p.Std[1] && p.Std[1] == p.Std[2]:
		return p.planes(crop, out)
	}
	pixels, err := crop.Pixels()
	if err != nil {
		return err
	}
	each := len(pixels) / n
	for c := range n {
		of, from := p.levels(c), p.source(c)
		plane := out[c*each : (c+1)*each]
		for i := range plane {
			plane[i] = of[pixels[n*i+from]]
		}
	}
	return nil
}

// together is Of for three channels of a pixel together.
func (p Pixels) together(crop *cv.Image, out []float32) error {
	var to cv.Together
	for c := range 3 {
		to.From[c], to.Scale[c], to.Shift[c] = p.source(c), 1/p.Std[c], -p.Mean[c]/p.Std[c]
	}
	return crop.Floats(out, to)
}

// planes is Of for three channels, one after the other, of one Std.
func (p Pixels) planes(crop *cv.Image, out []float32) error {
	each := crop.Width() * crop.Height()
	to := cv.Planes{Stride: crop.Width(), Scale: 1 / p.Std[0]}
	for c := range 3 {
		from := p.source(c)
		to.Begin[from], to.Shift[from] = c*each, -p.Mean[c]/p.Std[0]
	}
	return crop.Spread(out, to)
}

// levels are the numbers of all bytes of one of the graph's channels.
func (p Pixels) levels(c int) (out [256]float32) {
	for x := range out {
		out[x] = (float32(x) - p.Mean[c]) / p.Std[c]
	}
	return out
}

// source is which of a pixel's bytes one of the graph's channels is made of.
func (p Pixels) source(c int) int {
	if p.RGB && !p.Grey {
		return 2 - c
	}
	return c
}

// From is Of for as many numbers by rows, columns and channels, blue first, that need
// not be bytes.
func (p Pixels) From(values, out []float32) error {
	if len(values) != len(out) {
		return fmt.Errorf("%d values of a crop, want %d", len(values), len(out))
	}
	n := p.Channels()
	each := len(values) / n
	for c := range n {
		from := p.source(c)
		for i := range each {
			at := n*i + c
			if !p.Last {
				at = c*each + i
			}
			out[at] = (values[n*i+from] - p.Mean[c]) / p.Std[c]
		}
	}
	return nil
}
