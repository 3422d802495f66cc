package detect

import (
	"fmt"
	"image"
	"math"
	"sync"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// planes describes the tensor that a network takes of a picture: colour order,
// the map (x-mean)*scale on pixels of 0 to 255, and how its values lie in
// memory. It is made by planes.ready.
type planes struct {
	rgb   bool       // blue, green, red otherwise
	mean  [3]float32 // in the network's colour order
	scale float32
	fill  float32 // pixel value around the photograph, before the map
	last  bool    // 1 x height x width x 3; otherwise 1 x 3 x height x width

	tables  [3][256]float32 // the map, in the order blue, green, red
	offsets [3]int          // the network's channel of blue, green, red
	buffers *sync.Pool      // of *[]float32, lent by tensor and taken back by done
}

// all is the mean of networks that subtract one value from all channels.
func all(v float32) [3]float32 { return [3]float32{v, v, v} }

func (p planes) ready() *planes {
	for c := range 3 { // blue, green, red
		p.offsets[c] = c
		if p.rgb {
			p.offsets[c] = 2 - c
		}
		for v := range 256 {
			p.tables[c][v] = (float32(v) - p.mean[p.offsets[c]]) * p.scale
		}
	}
	p.buffers = &sync.Pool{New: func() any { return new([]float32) }}
	return &p
}

// tensor lays a scaled photograph into the input that the frame describes. The
// caller gives the tensor back by done once the network has read it.
func (p *planes) tensor(photo *cv.Image, f frame) (ort.Tensor, error) {
	pixels, err := photo.Pixels()
	if err != nil {
		return ort.Tensor{}, err
	}
	w, h := photo.Width(), photo.Height()
	if !image.Rect(0, 0, w, h).Add(f.at).In(image.Rectangle{Max: f.input}) || photo.Channels() != 3 {
		return ort.Tensor{}, fmt.Errorf("photograph of %dx%d pixels and %d channels does not fit the network's %v at %v", w, h, photo.Channels(), f.input, f.at)
	}
	out := p.borrow(f.input)
	for y := range f.input.Y {
		if y < f.at.Y || y >= f.at.Y+h {
			p.blank(out, f.input, y, 0, f.input.X)
			continue
		}
		p.blank(out, f.input, y, 0, f.at.X)
		p.row(out, f.input, y, f.at.X, pixels[(y-f.at.Y)*w*3:(y-f.at.Y+1)*w*3])
		p.blank(out, f.input, y, f.at.X+w, f.input.X)
	}
	return out, nil
}

func (p *planes) borrow(size image.Point) ort.Tensor {
	buffer := p.buffers.Get().(*[]float32)
	if n := 3 * size.X * size.Y; cap(*buffer) < n {
		*buffer = make([]float32, n)
	}
	shape := []int64{1, 3, int64(size.Y), int64(size.X)}
	if p.last {
		shape = []int64{1, int64(size.Y), int64(size.X), 3}
	}
	return ort.Tensor{Shape: shape, Data: (*buffer)[:3*size.X*size.Y]}
}

// done takes a tensor back.
func (p *planes) done(t ort.Tensor) { p.buffers.Put(&t.Data) }

// blank fills the columns from to to of row y.
func (p *planes) blank(t ort.Tensor, size image.Point, y, from, to int) {
	for c := range 3 {
		v := (p.fill - p.mean[c]) * p.scale
		for x := from; x < to; x++ {
			t.Data[p.index(size, x, y, c)] = v
		}
	}
}

func (p *planes) index(size image.Point, x, y, channel int) int {
	if p.last {
		return (y*size.X+x)*3 + channel
	}
	return (channel*size.Y+y)*size.X + x
}

// row maps the pixels of a row, blue, green, red, to column x and on of row y.
func (p *planes) row(t ort.Tensor, size image.Point, y, x int, pixels []byte) {
	n, step := len(pixels)/3, 1
	if p.last {
		step = 3
	}
	for c := range 3 {
		table := &p.tables[c]
		out := t.Data[p.index(size, x, y, p.offsets[c]):]
		if step == 1 {
			mapPlane(out[:n], pixels[c:], table)
			continue
		}
		for i := range n {
			out[3*i] = table[pixels[3*i+c]]
		}
	}
}

// mapPlane maps every third byte.
func mapPlane(out []float32, pixels []byte, table *[256]float32) {
	for i, j := 0, 0; i < len(out); i, j = i+1, j+3 {
		out[i] = table[pixels[j]]
	}
}

// sideOf is the longer side to scale to: the caller's, or the backend's.
func sideOf(o Options, usual int) int {
	if o.Side > 0 {
		return o.Side
	}
	return usual
}

// fixedInput is the height and width that a graph of 1 x 3 x height x width
// insists on; ok is false where it leaves them open.
func fixedInput(n Network) (size image.Point, ok bool) {
	in := n.Inputs()
	if len(in) != 1 || len(in[0].Shape) != 4 || in[0].Shape[2] < 1 || in[0].Shape[3] < 1 {
		return image.Point{}, false
	}
	return image.Pt(int(in[0].Shape[3]), int(in[0].Shape[2])), true
}

// refuseSide is the error of a graph that has one size only.
func refuseSide(o Options, fixed image.Point) error {
	if o.Side == 0 || o.Side == max(fixed.X, fixed.Y) {
		return nil
	}
	return face.Errorf(face.Invalid, "this detector's graph takes pictures of %dx%d pixels only: leave the detector's size at 0", fixed.X, fixed.Y)
}

// clip01 limits a probability that rounding may have taken out of [0,1].
func clip01(v float32) float32 { return min(max(v, 0), 1) }

func exp32(v float32) float32 { return float32(math.Exp(float64(v))) }

func sqrt32(v float32) float32 { return float32(math.Sqrt(float64(v))) }
