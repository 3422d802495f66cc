package detect

import (
	"image"
	"path/filepath"
	"slices"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Eyes finds the eyes of a face whose box is known, by OpenCV's Haar cascade.
// It may be used by several goroutines at once.
type Eyes struct {
	cascade *cv.Cascade
}

// eyesPerFace bounds the size of an eye's window: at least this part of the
// face's.
const eyesPerFace = 8

// OpenEyes reads the cascade from OpenCV's directory of Haar cascades. The
// caller closes it.
func OpenEyes(dir string) (*Eyes, error) {
	cascade, err := cv.OpenCascade(filepath.Join(dir, "haarcascade_eye.xml"))
	if err != nil {
		return nil, err
	}
	return &Eyes{cascade}, nil
}

// Close frees the cascade. It may be called twice.
func (e *Eyes) Close() error {
	if e == nil {
		return nil
	}
	return e.cascade.Close()
}

// Largest returns the two largest eyes in a box of a picture, or nothing if
// there are fewer: what DeepFace takes for the eyes (deepface/models/
// face_detection/OpenCv.py, find_eyes), at whole pixels.
func (e *Eyes) Largest(photo *cv.Image, box image.Rectangle) (face.Landmarks, error) {
	windows, offset, err := e.windows(photo, box, 0, haarNeighbours)
	if err != nil || len(windows) < 2 {
		return nil, err
	}
	slices.SortStableFunc(windows, func(a, b cv.Window) int {
		return b.Rect.Dx()*b.Rect.Dy() - a.Rect.Dx()*a.Rect.Dy()
	})
	middle := func(w cv.Window) face.Point {
		at := w.Rect.Min.Add(offset)
		return face.Point{X: float32(at.X + w.Rect.Dx()/2), Y: float32(at.Y + w.Rect.Dy()/2)}
	}
	return leftFirst(middle(windows[0]), middle(windows[1])), nil
}

// plausible returns the two eyes in a box of a picture, or nothing if there are
// not two that could be a face's.
func (e *Eyes) plausible(photo *cv.Image, box image.Rectangle) (face.Landmarks, error) {
	windows, offset, err := e.windows(photo, box, box.Dx()/eyesPerFace, 0)
	if err != nil {
		return nil, err
	}
	groups := groupWindows(rectangles(windows), haarNeighbours)
	if len(groups) < 2 {
		return nil, nil
	}
	slices.SortStableFunc(groups, func(a, b group) int { return b.box.Dx() - a.box.Dx() })
	marks := leftFirst(groups[0].centre(), groups[1].centre())
	if !plausibleEyes(marks[0], marks[1], box) {
		return nil, nil
	}
	for i := range marks {
		marks[i].X += float32(offset.X)
		marks[i].Y += float32(offset.Y)
	}
	return marks, nil
}

// windows looks into the part of the box that lies in the picture, and tells
// where that part begins.
func (e *Eyes) windows(photo *cv.Image, box image.Rectangle, least, neighbours int) ([]cv.Window, image.Point, error) {
	inside := box.Intersect(photo.Bounds())
	if max(inside.Dx(), inside.Dy()) > haarLargest { // no face, and more than the cascade bears
		return nil, image.Point{}, nil
	}
	crop, err := photo.Crop(box)
	if err != nil {
		return nil, image.Point{}, err
	}
	defer crop.Close()
	grey := crop.Grey()
	defer grey.Close()
	windows, err := e.cascade.Windows(grey, least, neighbours)
	return windows, inside.Min, err
}

func leftFirst(a, b face.Point) face.Landmarks {
	if b.X < a.X {
		a, b = b, a
	}
	return face.Landmarks{a, b}
}

// plausibleEyes refuses what the eye cascade likes to take for an eye: a
// nostril, a mouth corner or a brow. The eyes of a frontal face lie in the upper
// 60 % of the cascade's box, 25 to 65 % of its width apart and tilted by no more
// than half of that.
func plausibleEyes(left, right face.Point, box image.Rectangle) bool {
	side := float32(box.Dx())
	dx, dy := right.X-left.X, right.Y-left.Y
	return max(left.Y, right.Y) < 0.6*side && dx > 0.25*side && dx < 0.65*side && max(dy, -dy) < dx/2
}
