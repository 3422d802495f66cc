package detect

import (
	"cmp"
	"errors"
	"image"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// window is a candidate of MTCNN, in pixels of the photograph that it sees, and
// what the last network that looked at it says of it.
type window struct {
	face.Detection
	shift  [4]float32  // of x1, y1, x2, y2, in widths and heights
	points [10]float32 // five x, then five y, in widths and heights from x1,y1
}

// size is the width and height that shift and points count in.
func (w *window) size(extent float32) (width, height float32) {
	return w.Box.X2 - w.Box.X1 + extent, w.Box.Y2 - w.Box.Y1 + extent
}

// move shifts the sides as the network says. The proposal network counts in
// the distance of the sides, extent 0, the others in pixels inclusively, 1.
func (w *window) move(extent float32) {
	width, height := w.size(extent)
	w.Box.X1 += w.shift[0] * width
	w.Box.Y1 += w.shift[1] * height
	w.Box.X2 += w.shift[2] * width
	w.Box.Y2 += w.shift[3] * height
}

// square widens the shorter side to the longer one.
func (w *window) square() {
	width, height := w.size(0)
	side := max(width, height)
	w.Box.X1 += width/2 - side/2
	w.Box.Y1 += height/2 - side/2
	w.Box.X2, w.Box.Y2 = w.Box.X1+side, w.Box.Y1+side
}

// place turns points into landmarks. Windows count pixels from 1, landmarks
// from 0.
func (w *window) place() {
	width, height := w.size(1)
	w.Landmarks = make(face.Landmarks, 5)
	for k := range w.Landmarks {
		w.Landmarks[k] = face.Point{X: width*w.points[k] + w.Box.X1 - 1, Y: height*w.points[5+k] + w.Box.Y1 - 1}
	}
}

// pixels are those of the photograph that a network sees of the window, whose
// corners are the first and last pixel, counted from 1.
func (w *window) pixels(photo image.Rectangle) image.Rectangle {
	within := func(v float32, limit int) int { return int(min(max(v, 0), float32(limit))) }
	return image.Rectangle{
		Min: image.Pt(max(within(w.Box.X1, photo.Max.X), 1)-1, max(within(w.Box.Y1, photo.Max.Y), 1)-1),
		Max: image.Pt(within(w.Box.X2, photo.Max.X), within(w.Box.Y2, photo.Max.Y)),
	}
}

// sound is an error for windows that no photograph has.
func sound(windows []window) error {
	if slices.ContainsFunc(windows, func(w window) bool { return !finite(w.Detection) }) {
		return errors.New("an MTCNN network's answer holds a box or landmark that is no number")
	}
	return nil
}

// suppressWindows keeps, of windows that overlap by more than the limit, the
// most confident.
func suppressWindows(windows []window, limit float32, overlap func(a, b face.Box) float32) []window {
	slices.SortStableFunc(windows, func(a, b window) int { return cmp.Compare(b.Confidence, a.Confidence) })
	var kept []window
	for _, w := range windows[:min(len(windows), maxCandidates)] {
		if !slices.ContainsFunc(kept, func(k window) bool { return overlap(w.Box, k.Box) > limit }) {
			kept = append(kept, w)
		}
	}
	return kept
}

// ofUnion is the intersection over union.
func ofUnion(a, b face.Box) float32 { return overlap(a, b, 0) }

// ofSmaller is the intersection as a share of the smaller box, which removes
// faces found inside faces.
func ofSmaller(a, b face.Box) float32 { return shared(a, b, 1) / min(area(a, 1), area(b, 1)) }
