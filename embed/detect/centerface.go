package detect

import (
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/internal/face"
)

// CenterFace (Xu et al. 2019, "CenterFace: Joint Face Detection and Alignment
// Using Face as Point", arXiv 1911.03599). Input and decoding as
// Star-Clouds/CenterFace, prj-python/centerface.py, the threshold as its
// demo.py, which DeepFace took over. There the photograph keeps its size but for
// rounding up to multiples of 32. Here what is larger is reduced, since the
// network's memory grows with the pixels: the estimate is 0.2 GB for each
// megapixel. The default is the width of WIDER FACE's photographs, on which the
// authors measured.
const (
	centerfaceSide      = 1024 // most pixels of the photograph's longer side
	centerfaceDeepFace  = 4096 // the same, where the photograph is to keep its size
	centerfaceThreshold = 0.35
	centerfaceOverlap   = 0.3
	centerfaceStride    = 4
)

// centerfacePlanes are the planes of the outputs: heat map, scale, offset and
// landmarks.
var centerfacePlanes = [...]int64{1, 2, 2, 10}

// openCenterFace reads a graph with an open size, or a fixed one.
func openCenterFace(network Network, o Options) (Detector, error) {
	order, err := centerfaceOrder(network.Outputs())
	if err != nil {
		return nil, err
	}
	d := &single{
		network: network, points: 5, layout: centerfaceLayout(o), scaling: cv.Bilinear,
		planes: planes{rgb: true, scale: 1}.ready(), suppress: asGiven,
	}
	if size, ok := fixedInput(network); ok {
		if batch := network.Inputs()[0].Shape[0]; batch > 1 {
			return nil, fmt.Errorf("the graph insists on %d pictures of %dx%d pixels, want one of any size: its declared sizes must be opened", batch, size.X, size.Y)
		}
		if err := refuseSide(o, size); err != nil {
			return nil, err
		}
		d.layout = stretched(size)
	}
	least := o.least(centerfaceThreshold, centerfaceThreshold)
	d.decode = func(out []ort.Tensor, f frame) ([]face.Detection, error) {
		cells := centerfaceCells{columns: f.input.X / centerfaceStride, rows: f.input.Y / centerfaceStride, input: f.input}
		for i, values := range []*[]float32{&cells.heat, &cells.scale, &cells.offset, &cells.points} {
			*values = out[order[i]].Data
		}
		return cells.decode(least)
	}
	return d, nil
}

// centerfaceLayout scales to the side that the caller asks for, and otherwise
// leaves a photograph that is not too large its size.
func centerfaceLayout(o Options) layout {
	return func(photo image.Point) frame {
		longer := max(photo.X, photo.Y)
		side := min(longer, centerfaceSide)
		switch {
		case o.Side > 0:
			side = o.Side
		case o.deepface():
			side = min(longer, centerfaceDeepFace)
		}
		size := rounded(photo, side).scaled
		return stretched(image.Pt(roundUp(size.X, coarsest), roundUp(size.Y, coarsest)))(photo)
	}
}

// centerfaceOrder finds heat map, scale, offset and landmarks among the
// outputs: by the names of the authors' graph, or else by their planes, scale
// before offset.
func centerfaceOrder(ports []ort.Port) ([]int, error) {
	if len(ports) != len(centerfacePlanes) {
		return nil, fmt.Errorf("%d outputs, want heat map, scale, offset and landmarks", len(ports))
	}
	named := make([]int, len(ports))
	for i, name := range [...]string{"537", "538", "539", "540"} {
		named[i] = slices.IndexFunc(ports, func(p ort.Port) bool { return p.Name == name })
	}
	if !slices.Contains(named, -1) && centerfaceFits(ports, named) {
		return named, nil
	}
	order := []int{0, 1, 2, 3}
	slices.SortStableFunc(order, func(a, b int) int { return int(planesOf(ports[a]) - planesOf(ports[b])) })
	if !centerfaceFits(ports, order) {
		return nil, fmt.Errorf("outputs %v, want four of 1 x planes x rows x columns with %v planes", ports, centerfacePlanes)
	}
	return order, nil
}

// planesOf is -1 for an open number of planes and -2 for what has none.
func planesOf(p ort.Port) int64 {
	if len(p.Shape) != 4 {
		return -2
	}
	return p.Shape[1]
}

// centerfaceFits compares the planes, as far as the graph declares them.
func centerfaceFits(ports []ort.Port, order []int) bool {
	for i, at := range order {
		if have := planesOf(ports[at]); have != -1 && have != centerfacePlanes[i] {
			return false
		}
	}
	return true
}

// centerfaceCells is the network's answer, a cell for each 4 x 4 pixels: the
// probability of a face's centre, the logarithm of its height and width in
// strides, the offset of the centre from the cell's in strides (y, x), and the
// landmarks from the box's corner as shares of height and width (y, x).
type centerfaceCells struct {
	columns, rows               int
	input                       image.Point
	heat, scale, offset, points []float32
}

// decode also suppresses, since the authors do so in pixels of the input, at an
// overlap that reaches the limit.
func (c centerfaceCells) decode(least float32) ([]face.Detection, error) {
	n := c.columns * c.rows
	for i, values := range [][]float32{c.heat, c.scale, c.offset, c.points} {
		if want := int(centerfacePlanes[i]) * n; len(values) != want {
			return nil, fmt.Errorf("CenterFace graph: output %d has %d values, want %d for %dx%d pixels", i, len(values), want, c.input.X, c.input.Y)
		}
	}
	var found []face.Detection
	for i, score := range c.heat {
		if score < least {
			continue
		}
		found = append(found, c.detection(i))
	}
	return suppress(found, math.Nextafter32(centerfaceOverlap, 0), 1), nil
}

func (c centerfaceCells) detection(i int) face.Detection {
	n := len(c.heat)
	w, h := exp32(c.scale[n+i])*centerfaceStride, exp32(c.scale[i])*centerfaceStride
	right, bottom := float32(c.input.X), float32(c.input.Y)
	x := (float32(i%c.columns)+c.offset[n+i]+0.5)*centerfaceStride - w/2
	y := (float32(i/c.columns)+c.offset[i]+0.5)*centerfaceStride - h/2
	x, y = min(max(x, 0), right), min(max(y, 0), bottom)
	d := face.Detection{
		Box:        face.Box{X1: x, Y1: y, X2: min(x+w, right), Y2: min(y+h, bottom)},
		Confidence: clip01(c.heat[i]), Landmarks: make(face.Landmarks, 5),
	}
	for k := range d.Landmarks {
		d.Landmarks[k] = face.Point{X: c.points[(2*k+1)*n+i]*w + x, Y: c.points[2*k*n+i]*h + y}
	}
	return d
}
