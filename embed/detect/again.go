package detect

import (
	"context"
	"errors"
	"image"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Passes says how often a photograph is looked at.
type Passes struct {
	// Once gives up after one look. Otherwise a photograph in which nothing is
	// found is looked at again with a black margin, in which a face that fills
	// the frame is half as large: networks miss what is larger than their
	// largest anchor or has nothing around it.
	Once bool
	// Thorough always looks a second time, with the margin, so that a face that
	// fills the frame is found beside small ones. It takes twice as long.
	Thorough bool
	// Turned also looks at the photograph turned by 90, 180 and 270 degrees, for
	// those that lack their EXIF orientation, and believes the look that found
	// the most confident face: networks find faces that lie on their side too,
	// but put the landmarks wrong. It takes four times as long.
	Turned bool
}

const (
	// margin is the share of its width and height that is put on each side of a
	// photograph for the second look.
	margin = 0.5
	// sameFace is the intersection over union from which on detections of two
	// looks are one face.
	sameFace = 0.4
)

// Again makes a detector look as often as the passes say. It takes over the
// detector, which it closes.
func Again(d Detector, p Passes) Detector {
	if p.Once && !p.Thorough && !p.Turned {
		return d
	}
	return &again{d, p}
}

type again struct {
	Detector
	passes Passes
}

func (a *again) Detect(ctx context.Context, photo *cv.Image) ([]face.Detection, error) {
	found, err := a.Detector.Detect(ctx, photo)
	if err != nil {
		return nil, err
	}
	if a.passes.Thorough || len(found) == 0 && !a.passes.Once {
		more, err := a.padded(ctx, photo)
		if err != nil {
			return nil, err
		}
		found = suppress(append(found, more...), sameFace, 0)
	}
	for quarters := 1; a.passes.Turned && quarters < 4; quarters++ {
		other, err := a.turned(ctx, photo, quarters)
		if err != nil {
			return nil, err
		}
		if best(other) > best(found) {
			found = other
		}
	}
	return found, nil
}

// padded looks at the photograph with a margin. What lies in the margin with
// its centre is no face of the photograph.
func (a *again) padded(ctx context.Context, photo *cv.Image) (found []face.Detection, err error) {
	x, y := int(float64(photo.Width())*margin), int(float64(photo.Height())*margin)
	if photo.Width()+2*x > cv.MaxSide || photo.Height()+2*y > cv.MaxSide {
		return nil, nil
	}
	wide, err := photo.Pad(margin)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, wide.Close()) }()
	seen, err := a.Detector.Detect(ctx, wide)
	f := frame{at: image.Pt(x, y), back: face.Point{X: 1, Y: 1}}
	for _, d := range seen {
		d = f.detection(d)
		c := d.Box.Centre()
		if c.X >= 0 && c.Y >= 0 && c.X < float32(photo.Width()) && c.Y < float32(photo.Height()) {
			found = append(found, d)
		}
	}
	return found, err
}

// best is the highest confidence of detections that are in order.
func best(found []face.Detection) float32 {
	if len(found) == 0 {
		return 0
	}
	return found[0].Confidence
}

// turned looks at the photograph turned clockwise by quarters of a circle.
func (a *again) turned(ctx context.Context, photo *cv.Image, quarters int) (_ []face.Detection, err error) {
	other := photo.Turn(quarters)
	defer func() { err = errors.Join(err, other.Close()) }()
	found, err := a.Detector.Detect(ctx, other)
	for i, d := range found {
		found[i] = turnBack(d, quarters, float32(photo.Width()), float32(photo.Height()))
	}
	return found, err
}

// turnBack leads from a photograph that was turned clockwise by quarters of a
// circle to the photograph, whose size is given. The order of the landmarks
// stays the person's.
func turnBack(d face.Detection, quarters int, width, height float32) face.Detection {
	back := func(p face.Point) face.Point {
		switch quarters {
		case 1:
			return face.Point{X: p.Y, Y: height - p.X}
		case 2:
			return face.Point{X: width - p.X, Y: height - p.Y}
		default:
			return face.Point{X: width - p.Y, Y: p.X}
		}
	}
	one, other := back(face.Point{X: d.Box.X1, Y: d.Box.Y1}), back(face.Point{X: d.Box.X2, Y: d.Box.Y2})
	d.Box = face.Box{X1: min(one.X, other.X), Y1: min(one.Y, other.Y), X2: max(one.X, other.X), Y2: max(one.Y, other.Y)}
	for i, p := range d.Landmarks {
		d.Landmarks[i] = back(p)
	}
	return d
}
