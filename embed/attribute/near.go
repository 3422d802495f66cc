package attribute

import (
	"errors"
	"image"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
)

// Near is a face with a smaller picture of it, out of which several estimators cut what
// they need, so that the many pixels of a large face are gone over once.
type Near struct {
	classify.Face
	small *cv.Image       // nil where the face is too small for one
	part  image.Rectangle // what of the face's picture it shows
	unit  int             // how many pixels a side of it one of the small picture's is
}

// finer is how many pixels a side a small picture has at least for each of a network's:
// with one, ages differ by two years from those out of the whole picture, with two by
// less than one.
const finer = 2

// NewNear looks at a face for some estimators. Its picture is halved as long as that
// leaves enough pixels to be scaled down by areas, as the whole picture would be. The
// caller closes it, before the face's picture.
func NewNear(f classify.Face, estimators ...*Estimator) (Near, error) {
	near, side := Near{Face: f}, 1
	for _, e := range estimators {
		if e.config.Cut != DeepFace {
			side, near.part = max(side, e.config.Width, e.config.Height), near.part.Union(e.config.window(f.Box))
		}
	}
	if near.part.Empty() {
		return near, nil
	}
	near.part = near.part.Intersect(f.Frame).Intersect(f.Picture.Bounds())
	near.unit = 1
	for float32(2*near.unit*finer*side) <= min(f.Box.Width(), f.Box.Height()) && 2*near.unit <= min(near.part.Dx(), near.part.Dy()) {
		near.unit *= 2
	}
	if near.unit == 1 {
		return near, nil
	}
	near.part.Max = near.part.Min.Add(near.part.Size().Div(near.unit).Mul(near.unit)) // whole pixels
	var err error
	near.small, err = halved(f.Picture, near.part, near.unit)
	return near, err
}

// halved is a part of a picture, scaled down by a power of two, one halving after the
// other: OpenCV does that several times as fast as by other numbers.
func halved(picture *cv.Image, part image.Rectangle, unit int) (*cv.Image, error) {
	small, err := picture.ResizePart(part, part.Dx()/2, part.Dy()/2, cv.Area)
	for ; err == nil && unit > 2; unit /= 2 {
		next, failed := small.Resize(small.Width()/2, small.Height()/2, cv.Area)
		err = errors.Join(failed, small.Close())
		small = next
	}
	return small, err
}

// region is where a part of the face's picture lies in the small one, or in itself
// where there is none.
func (n Near) region(part image.Rectangle) cv.Region {
	if n.small == nil {
		return cv.Region{X: float64(part.Min.X), Y: float64(part.Min.Y), Width: float64(part.Dx()), Height: float64(part.Dy())}
	}
	unit := float64(n.unit)
	return cv.Region{
		X: float64(part.Min.X-n.part.Min.X) / unit, Y: float64(part.Min.Y-n.part.Min.Y) / unit,
		Width: float64(part.Dx()) / unit, Height: float64(part.Dy()) / unit,
	}
}

// Close frees the small picture. It may be called twice.
func (n Near) Close() error { return n.small.Close() }
