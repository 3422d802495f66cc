package align

import (
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Face cuts a detected face out of the photograph, Side x Side pixels, its
// landmarks on the ArcFace template: by all five where the detection has them,
// by the eyes where it has only those, and otherwise by where eyes usually lie
// in the box. What lies outside the photograph is black. The caller closes the
// result. A detection whose points coincide is face.Invalid.
func Face(photo *cv.Image, found face.Detection) (*cv.Image, error) {
	points := found.Landmarks
	if len(points) < 2 {
		points = boxEyes(found.Box)
	}
	by, ok := similarity(points, template[:len(points)])
	if !ok {
		return nil, face.Errorf(face.Invalid, "detection at %v: its landmarks coincide, it cannot be aligned", found.Box)
	}
	return photo.Warp(by, Side, Side)
}
