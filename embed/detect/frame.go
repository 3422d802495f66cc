package detect

import (
	"image"
	"math"

	"github.com/visagedb/visage/internal/face"
)

// frame says how a photograph lies in the input of a network.
type frame struct {
	input  image.Point // size of the input
	scaled image.Point // size of the photograph in it
	at     image.Point // where the scaled photograph's top left corner is
	back   face.Point  // pixels of the photograph for one of the scaled one
}

// point leads from the input to the photograph.
func (f frame) point(p face.Point) face.Point {
	return face.Point{X: (p.X - float32(f.at.X)) * f.back.X, Y: (p.Y - float32(f.at.Y)) * f.back.Y}
}

// detection leads from the input to the photograph.
func (f frame) detection(d face.Detection) face.Detection {
	low, high := f.point(face.Point{X: d.Box.X1, Y: d.Box.Y1}), f.point(face.Point{X: d.Box.X2, Y: d.Box.Y2})
	d.Box = face.Box{X1: low.X, Y1: low.Y, X2: high.X, Y2: high.Y}
	for i, p := range d.Landmarks {
		d.Landmarks[i] = f.point(p)
	}
	return d
}

// layout decides the frame of a photograph of the given size.
type layout func(photo image.Point) frame

// coarsest is the coarsest stride of the networks; their inputs are multiples
// of it.
const coarsest = 32

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// scaledTo is the frame's part that follows from the scaled size.
func scaledTo(photo, scaled image.Point) frame {
	scaled = image.Pt(max(1, scaled.X), max(1, scaled.Y))
	return frame{scaled: scaled, back: face.Point{
		X: float32(photo.X) / float32(scaled.X), Y: float32(photo.Y) / float32(scaled.Y),
	}}
}

// rounded scales the photograph so that its longer side has side pixels.
func rounded(photo image.Point, side int) frame {
	by := float64(side) / float64(max(photo.X, photo.Y))
	at := func(n int) int { return int(math.Round(float64(n) * by)) }
	return scaledTo(photo, image.Pt(at(photo.X), at(photo.Y)))
}

// reduced is the size of a photograph whose longer side is at most side pixels.
func reduced(photo image.Point, side int) image.Point {
	if side == 0 || max(photo.X, photo.Y) <= side {
		return photo
	}
	return rounded(photo, side).scaled
}

// cornered scales the photograph so that its longer side has side pixels, at
// the top left of an input that is filled up to multiples of the coarsest
// stride.
func cornered(side int) layout {
	return func(photo image.Point) frame {
		f := rounded(photo, side)
		f.input = image.Pt(roundUp(f.scaled.X, coarsest), roundUp(f.scaled.Y, coarsest))
		return f
	}
}

// cornerOf is cornered for a graph that insists on the size of its input.
func cornerOf(input image.Point) layout {
	return func(photo image.Point) frame {
		f := fitted(photo, input)
		f.input = input
		return f
	}
}

// fitted scales the photograph so that it just fits into the input. Halves
// round to even, as in the Python of the references.
func fitted(photo, input image.Point) frame {
	by := min(float64(input.X)/float64(photo.X), float64(input.Y)/float64(photo.Y))
	at := func(n, limit int) int { return min(limit, int(math.RoundToEven(float64(n)*by))) }
	return scaledTo(photo, image.Pt(at(photo.X, input.X), at(photo.Y, input.Y)))
}

// centred scales the photograph to fit into the middle of the input.
func centred(input image.Point) layout {
	return func(photo image.Point) frame {
		f := fitted(photo, input)
		f.input = input
		f.at = image.Pt((input.X-f.scaled.X)/2, (input.Y-f.scaled.Y)/2)
		return f
	}
}

// stretched scales the photograph to the input without keeping its aspect.
func stretched(input image.Point) layout {
	return func(photo image.Point) frame {
		f := scaledTo(photo, input)
		f.input = input
		return f
	}
}
