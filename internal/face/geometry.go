package face

import "math"

// Point is a position in a photograph, in pixels from its top left corner,
// after the photograph has been turned as its EXIF orientation says.
type Point struct {
	X float32 `json:"x"`
	Y float32 `json:"y"`
}

// Box is an upright rectangle in a photograph, in pixels. X1,Y1 is the top
// left corner and X2,Y2 the bottom right one. A detector may place corners
// outside the photograph; see Clip.
type Box struct {
	X1 float32 `json:"x1"`
	Y1 float32 `json:"y1"`
	X2 float32 `json:"x2"`
	Y2 float32 `json:"y2"`
}

// Width is the horizontal extent in pixels, never negative.
func (b Box) Width() float32 { return max(0, b.X2-b.X1) }

// Height is the vertical extent in pixels, never negative.
func (b Box) Height() float32 { return max(0, b.Y2-b.Y1) }

// Area is Width times Height, in square pixels.
func (b Box) Area() float32 { return b.Width() * b.Height() }

// Centre is the middle of the box.
func (b Box) Centre() Point { return Point{(b.X1 + b.X2) / 2, (b.Y1 + b.Y2) / 2} }

// Clip cuts the box at the borders of a photograph of the given size.
func (b Box) Clip(width, height int) Box {
	w, h := float32(width), float32(height)
	return Box{clamp(b.X1, w), clamp(b.Y1, h), clamp(b.X2, w), clamp(b.Y2, h)}
}

func clamp(v, hi float32) float32 { return min(max(v, 0), hi) }

// Landmarks are points of a face, always in this order: left eye, right eye,
// nose tip, left mouth corner, right mouth corner. Left and right are the
// picture's: the left eye is the one with the smaller x in an upright face,
// which is the person's right eye. The order is that of the ArcFace template
// (deepinsight/insightface, arcface_dst).
//
// A detector gives five points; four, the fourth of which is the middle of the
// mouth; two, the eyes alone; or none. No other length is valid. In a face that
// is turned, even upside down, the order stays the person's.
type Landmarks []Point

// Eyes returns the two eyes, and whether the detector gave them.
func (l Landmarks) Eyes() (left, right Point, ok bool) {
	if len(l) < 2 {
		return Point{}, Point{}, false
	}
	return l[0], l[1], true
}

// Complete says whether all five points are there.
func (l Landmarks) Complete() bool { return len(l) == 5 }

// Distance is the Euclidean distance between two points, in pixels.
func (p Point) Distance(o Point) float64 {
	return math.Hypot(float64(p.X-o.X), float64(p.Y-o.Y))
}
