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

	buffers *sync.Pool // of *[]float32, lent by tensor and taken back by done
}

// all is the mean of networks that subtract one value from all channels.
func all(v float32) [3]float32 { return [3]float32{v, v, v} }

func (p planes) ready() *planes {
	p.buffers = &sync.Pool{New: func() any { return new([]float32) }}
	return &p
}

// channel is the network's channel of blue, green or red, which are 0, 1, 2.
func (p *planes) channel(c int) int {
	if p.rgb {
		return 2 - c
	}
	return c
}

// of maps a pixel value of one of the network's channels.
func (p *planes) of(pixel float32, channel int) float32 {
	return (pixel - p.mean[channel]) * p.scale
}

// stretches says whether tensor scales photographs itself, bilinearly.
func (p *planes) stretches() bool { return !p.last }

// tensor lays a photograph into the input that the frame describes. It must have
// been scaled as the frame says, unless the planes stretch. The caller gives the
// tensor back by done once the network has read it.
func (p *planes) tensor(photo *cv.Image, f frame) (ort.Tensor, error) {
	inside := image.Rectangle{Max: f.scaled}.Add(f.at)
	if !inside.In(image.Rectangle{Max: f.input}) || photo.Channels() != 3 {
		return ort.Tensor{}, fmt.Errorf("photograph of %v pixels and %d channels does not fit the network's %v at %v", f.scaled, photo.Channels(), f.input, f.at)
	}
	out := p.borrow(f.input)
	for c := range 3 {
		p.margin(out, f.input, inside, c)
	}
	if p.last {
		return out, p.interleave(out, photo, f)
	}
	return out, p.spread(out, photo, f)
}

// margin fills what lies around the photograph in one channel.
func (p *planes) margin(t ort.Tensor, size image.Point, inside image.Rectangle, channel int) {
	v := p.of(p.fill, channel)
	step := p.index(size, 1, 0, 0)
	blank := func(y, from, to int) {
		for at, end := p.index(size, from, y, channel), p.index(size, to, y, channel); at < end; at += step {
			t.Data[at] = v
		}
	}
	for y := range size.Y {
		if y < inside.Min.Y || y >= inside.Max.Y {
			blank(y, 0, size.X)
			continue
		}
		blank(y, 0, inside.Min.X)
		blank(y, inside.Max.X, size.X)
	}
}

// spread writes the photograph's channels apart, scaled where it is yet to be.
func (p *planes) spread(t ort.Tensor, photo *cv.Image, f frame) error {
	to := cv.Planes{Stride: f.input.X, Scale: p.scale}
	for c := range 3 {
		to.Begin[c] = p.index(f.input, f.at.X, f.at.Y, p.channel(c))
		to.Shift[c] = p.of(0, p.channel(c))
	}
	if f.scaled != image.Pt(photo.Width(), photo.Height()) {
		return photo.Stretch(t.Data, to, f.scaled.X, f.scaled.Y)
	}
	return photo.Spread(t.Data, to)
}

// interleave writes the photograph's channels together.
func (p *planes) interleave(t ort.Tensor, photo *cv.Image, f frame) error {
	pixels, err := photo.Pixels()
	if err != nil {
		return err
	}
	row := 3 * photo.Width()
	for y := 0; len(pixels) > 0; y, pixels = y+1, pixels[row:] {
		out := t.Data[p.index(f.input, f.at.X, f.at.Y+y, 0):][:row]
		for x := 0; x < row; x += 3 {
			for c := range 3 {
				channel := p.channel(c)
				out[x+channel] = p.of(float32(pixels[x+c]), channel)
			}
		}
	}
	return nil
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

func (p *planes) index(size image.Point, x, y, channel int) int {
	if p.last {
		return (y*size.X+x)*3 + channel
	}
	return (channel*size.Y+y)*size.X + x
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
	if max(fixed.X, fixed.Y) > maxSide {
		return face.Errorf(face.Mismatch, "the graph takes pictures of %dx%d pixels, more than %d a side", fixed.X, fixed.Y, maxSide)
	}
	if o.Side == 0 || o.Side == max(fixed.X, fixed.Y) {
		return nil
	}
	return face.Errorf(face.Invalid, "this detector's graph takes pictures of %dx%d pixels only: leave the detector's size at 0", fixed.X, fixed.Y)
}

// clip01 limits a probability that rounding may have taken out of [0,1].
func clip01(v float32) float32 { return min(max(v, 0), 1) }

func exp32(v float32) float32 { return float32(math.Exp(float64(v))) }

func sqrt32(v float32) float32 { return float32(math.Sqrt(float64(v))) }
