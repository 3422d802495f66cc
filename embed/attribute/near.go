package attribute

import (
	"errors"
	"image"

	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/embed/internal/cv"
)

// Near is a face with smaller pictures of it, out of which several estimators cut what
// they need, so that the many pixels of a large face are gone over once.
type Near struct {
	classify.Face
	part   image.Rectangle // what of the face's picture they show
	levels []*cv.Image     // each half as large as the one before; the first half of the part
}

// finer is how many pixels a side a small picture has at least for each of a network's:
// with one, ages differ by two years from those out of the whole picture, with two by
// less than one.
const finer = 2

// NewNear looks at a face for some estimators. Its picture is halved as long as that
// leaves one of them enough pixels to be scaled down by areas, as the whole picture
// would be. The caller closes it, before the face's picture.
func NewNear(f classify.Face, estimators ...*Estimator) (Near, error) {
	near, side := Near{Face: f}, cv.MaxSide
	for _, e := range estimators {
		if e.config.Cut != DeepFace {
			side, near.part = min(side, max(e.config.Width, e.config.Height)), near.part.Union(e.config.window(f.Box))
		}
	}
	if near.part.Empty() { // all of them cut out of what is turned
		return near, nil
	}
	near.part = near.part.Intersect(f.Frame).Intersect(f.Picture.Bounds())
	halvings, unit := 0, 1
	for 2*unit <= min(near.part.Dx(), near.part.Dy()) && float32(2*unit*finer*side) <= min(f.Box.Width(), f.Box.Height()) {
		halvings, unit = halvings+1, 2*unit
	}
	near.part.Max = near.part.Min.Add(near.part.Size().Div(unit).Mul(unit)) // whole pixels
	return near, near.halve(halvings)
}

// halve makes the levels, each of the one before: OpenCV scales down by two several
// times as fast as by other numbers.
func (n *Near) halve(times int) error {
	above, part := n.Picture, n.part
	for range times {
		level, err := above.ResizePart(part, part.Dx()/2, part.Dy()/2, cv.Area)
		if err != nil {
			return errors.Join(err, n.Close())
		}
		n.levels = append(n.levels, level)
		above, part = level, level.Bounds()
	}
	return nil
}

// shrink scales a part of the face's picture down, from the smallest level that has
// enough pixels for it.
func (n Near) shrink(part image.Rectangle, size image.Point) (*cv.Image, error) {
	from, unit, origin := n.Picture, 1, image.Point{}
	for _, level := range n.levels {
		if 2*unit*finer*size.X > part.Dx() || 2*unit*finer*size.Y > part.Dy() {
			break
		}
		from, unit, origin = level, 2*unit, n.part.Min
	}
	along := func(pixels int) float64 { return float64(pixels) / float64(unit) }
	at := part.Min.Sub(origin)
	return from.Shrink(cv.Region{X: along(at.X), Y: along(at.Y), Width: along(part.Dx()), Height: along(part.Dy())}, size.X, size.Y)
}

// Close frees the small pictures. It may be called twice.
func (n Near) Close() error {
	var errs []error
	for _, level := range n.levels {
		errs = append(errs, level.Close())
	}
	return errors.Join(errs...)
}
