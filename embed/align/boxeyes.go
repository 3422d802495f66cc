package align

import "github.com/visagedb/visage/internal/face"

// BoxEyes says where the eyes of an upright frontal face lie in the box of one
// detector, for detections that come without landmarks. Boxes of different
// detectors sit differently on the face. The zero value stands for the boxes of
// OpenCV's Haar cascade for frontal faces: 0.365 and 0.394.
type BoxEyes struct {
	Distance float64 // from eye to eye, as a share of the box's width; above 0
	Line     float64 // the eyes below the box's top, as a share of its height
}

func (b BoxEyes) withDefaults() BoxEyes {
	if b == (BoxEyes{}) {
		return BoxEyes{Distance: 0.365, Line: 0.394}
	}
	return b
}

// Of guesses the two eyes of a face from its box, in the photograph's pixels.
func (b BoxEyes) Of(box face.Box) face.Landmarks {
	b = b.withDefaults()
	centre := box.Centre()
	half := box.Width() * float32(b.Distance) / 2
	y := box.Y1 + box.Height()*float32(b.Line)
	return face.Landmarks{{X: centre.X - half, Y: y}, {X: centre.X + half, Y: y}}
}
