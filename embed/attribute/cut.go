package attribute

import (
	"errors"
	"image"
	"math"

	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// numbers prepares a face for the network.
func (c Config) numbers(f classify.Face, to []float32) error {
	if c.Cut == DeepFace {
		return c.fractions(f.Turned, to)
	}
	at, err := c.place(f)
	if err != nil {
		return err
	}
	prepared, err := c.prepare(f, at)
	if err != nil {
		return err
	}
	return errors.Join(c.Pixels.Of(prepared, to), prepared.Close())
}

// placed is which part of a face's picture comes to lie where in the network's, in
// pixels of each.
type placed struct {
	part image.Rectangle
	at   image.Rectangle
}

// place finds the face's place. Black is around it.
func (c Config) place(f classify.Face) (placed, error) {
	window := c.window(f.Box)
	part := window.Intersect(f.Frame).Intersect(f.Picture.Bounds())
	if part.Empty() {
		return placed{}, face.Errorf(face.NoFace, "a face at %v lies outside the photograph", f.Box)
	}
	all := image.Rect(0, 0, c.Width, c.Height)
	switch c.Cut {
	case Fit:
		by := min(float64(c.Width)/float64(part.Dx()), float64(c.Height)/float64(part.Dy()))
		size := image.Pt(scaled(part.Dx(), by), scaled(part.Dy(), by))
		from := all.Max.Sub(size).Div(2)
		return placed{part, image.Rectangle{Min: from, Max: from.Add(size)}}, nil
	case Padded:
		right, down := float64(c.Width)/float64(window.Dx()), float64(c.Height)/float64(window.Dy())
		from := image.Pt(int(right*float64(part.Min.X-window.Min.X)), int(down*float64(part.Min.Y-window.Min.Y)))
		size := image.Pt(scaled(part.Dx(), right), scaled(part.Dy(), down))
		return placed{part, image.Rectangle{Min: from, Max: from.Add(size)}.Intersect(all)}, nil
	default:
		return placed{part, all}, nil
	}
}

func scaled(length int, by float64) int { return max(1, int(math.Round(by*float64(length)))) }

// window is what is cut out around a box, in whole pixels, those that are touched
// included.
func (c Config) window(box face.Box) image.Rectangle {
	at, width, height := box.Centre(), box.Width(), box.Height()
	if c.Cut == Square || c.Cut == Padded {
		width = max(width, height)
		height = width
	}
	if c.Margin > 0 || width != box.Width() || height != box.Height() {
		right, down := width*(0.5+float32(c.Margin)), height*(0.5+float32(c.Margin))
		box = face.Box{X1: at.X - right, Y1: at.Y - down, X2: at.X + right, Y2: at.Y + down}
	}
	floor, ceil := func(v float32) int { return int(math.Floor(float64(v))) }, func(v float32) int { return int(math.Ceil(float64(v))) }
	return image.Rect(floor(box.X1), floor(box.Y1), ceil(box.X2), ceil(box.Y2))
}

// prepare brings a part of the face's picture to the network's size and channels.
func (c Config) prepare(f classify.Face, p placed) (*cv.Image, error) {
	small, err := scale(f, p.part, p.at.Size())
	if err == nil && c.Pixels.Grey {
		grey := small.Grey()
		err = small.Close()
		small = grey
	}
	if err != nil || p.at.Size() == image.Pt(c.Width, c.Height) {
		return small, err
	}
	defer small.Close()
	return small.Window(image.Rect(0, 0, c.Width, c.Height).Sub(p.at.Min))
}

// scale brings a part of the face's picture to a size: larger bilinearly, smaller by
// areas.
func scale(f classify.Face, part image.Rectangle, size image.Point) (*cv.Image, error) {
	if size.X >= part.Dx() {
		return f.Picture.ResizePart(part, size.X, size.Y, cv.Bilinear)
	}
	at := cv.Region{X: float64(part.Min.X), Y: float64(part.Min.Y), Width: float64(part.Dx()), Height: float64(part.Dy())}
	return f.Picture.Shrink(at, size.X, size.Y)
}

// deepfaceSide is that of the picture into which DeepFace letterboxes every face
// before an attribute's network, in pixels (deepface/modules/demography.py).
const deepfaceSide = 224

// fractions prepares a face as DeepFace does: numbers from 0 to 1, of which the
// network of emotions gets the grey, scaled down.
func (c Config) fractions(crop *cv.Image, to []float32) error {
	values, err := align.LetterboxFractions(crop, deepfaceSide, deepfaceSide)
	if face.CodeOf(err) == face.Invalid {
		return face.Wrap(face.NoFace, err, "a crop of %dx%d pixels cannot be a face", crop.Width(), crop.Height())
	}
	if err != nil {
		return err
	}
	if c.Pixels.Grey {
		values = shrink(grey(values), deepfaceSide, c.Width, c.Height)
	}
	return c.Pixels.From(values, to)
}

// grey is the luminance (ITU-R BT.601) of numbers in blue, green, red, as OpenCV's
// COLOR_BGR2GRAY has it.
func grey(bgr []float32) []float32 {
	out := make([]float32, len(bgr)/3)
	for i := range out {
		out[i] = 0.114*bgr[3*i] + 0.587*bgr[3*i+1] + 0.299*bgr[3*i+2]
	}
	return out
}

// shrink scales a square of one channel bilinearly, without smoothing it, as
// OpenCV's INTER_LINEAR does.
func shrink(square []float32, side, width, height int) []float32 {
	place := func(i, n int) (low, high int, share float32) {
		at := max(0, (float64(i)+0.5)*float64(side)/float64(n)-0.5)
		low = min(int(at), side-1)
		return low, min(low+1, side-1), float32(at - float64(low))
	}
	out := make([]float32, 0, width*height)
	for y := range height {
		y0, y1, down := place(y, height)
		for x := range width {
			x0, x1, right := place(x, width)
			above := square[y0*side+x0]*(1-right) + square[y0*side+x1]*right
			below := square[y1*side+x0]*(1-right) + square[y1*side+x1]*right
			out = append(out, above*(1-down)+below*down)
		}
	}
	return out
}
