// Package align brings a detected face into the position that recognition
// models were trained on.
package align

import (
	"math"

	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Side is the width and height, in pixels, of an aligned face where a model
// asks for no other size.
const Side = 112

// arcface is where the five landmarks of a face belong in a picture of 112x112
// pixels: arcface_dst of deepinsight/insightface
// (python-package/insightface/utils/face_align.py), in the order of
// face.Landmarks.
var arcface = [...]face.Point{
	{X: 38.2946, Y: 51.6963},
	{X: 73.5318, Y: 51.5014},
	{X: 56.0252, Y: 71.7366},
	{X: 41.5493, Y: 92.3655},
	{X: 70.7299, Y: 92.2041},
}

// Template says how large an aligned picture is and where the landmarks of a
// face belong in it: at ArcFace's places times Scale plus Offset. Models that
// want 96x112 pixels, for instance, take {Width: 96, Height: 112, Scale: 1,
// Offset: face.Point{X: -8}}.
type Template struct {
	Width, Height int        // of the picture, in pixels
	Scale         float64    // pixels of the picture for one pixel of ArcFace's 112x112, above 0
	Offset        face.Point // in pixels of the picture, added after scaling
}

// ArcFace is the square template of the given side in pixels, as insightface
// places it (estimate_norm, same file): multiples of 112 are the template of
// 112 enlarged; multiples of 128 are that of 112 with 8 more pixels to the left
// and right and 16 more below, enlarged. Any other side is 112's scaled.
func ArcFace(side int) Template {
	t := Template{Width: side, Height: side, Scale: float64(side) / 112}
	if side%112 != 0 && side%128 == 0 {
		t.Scale = float64(side) / 128
		t.Offset.X = float32(8 * t.Scale)
	}
	return t
}

// ArcFaceIn is the template of the given size in pixels. One that is not square
// is as high as ArcFace's square template and cut at, or grown by, the same on
// the left and on the right: 96x112 pixels take 8 from the x of every landmark.
func ArcFaceIn(width, height int) Template {
	t := ArcFace(height)
	t.Offset.X += float32(width-height) / 2
	t.Width = width
	return t
}

// Points are the places of n landmarks, in the order of face.Landmarks: 5, 4
// (the eyes, the nose and the middle of the mouth, which is the mean of its
// corners) or 2 (the eyes). For any other number it returns nil.
func (t Template) Points(n int) []face.Point {
	var points []face.Point
	switch n {
	case 2, 5:
		points = append(points, arcface[:n]...)
	case 4:
		left, right := arcface[3], arcface[4]
		points = append(points, arcface[:3]...)
		points = append(points, face.Point{X: (left.X + right.X) / 2, Y: (left.Y + right.Y) / 2})
	}
	for i, p := range points {
		points[i].X = float32(float64(p.X)*t.Scale) + t.Offset.X
		points[i].Y = float32(float64(p.Y)*t.Scale) + t.Offset.Y
	}
	return points
}

// check refuses a template that no picture can be made of.
func (t Template) check() error {
	switch {
	case t.Width < 1 || t.Height < 1 || t.Width > cv.MaxSide || t.Height > cv.MaxSide:
		return face.Errorf(face.Invalid, "template of %dx%d pixels: sides must lie in 1 to %d", t.Width, t.Height, cv.MaxSide)
	case !(t.Scale > 0) || math.IsInf(t.Scale, 0) || !finite([]face.Point{t.Offset}):
		return face.Errorf(face.Invalid, "template of scale %g and offset %v: the scale must be above 0 and all finite", t.Scale, t.Offset)
	}
	return nil
}
