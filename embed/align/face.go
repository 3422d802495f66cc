package align

import (
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/internal/face"
)

// Face cuts a detected face out of the photograph, Side x Side pixels, its
// landmarks on the ArcFace template: by Place with the eyes of the Haar
// cascade's boxes, then Cut. The caller closes the result. Errors are those of
// Fit.
func Face(photo *cv.Image, found face.Detection) (*cv.Image, error) {
	onto := ArcFace(Side)
	placement, err := Place(found, onto, BoxEyes{})
	if err != nil {
		return nil, err
	}
	return Cut(photo, placement, onto)
}

// Place finds the placement of a detection: by its landmarks where it has them,
// otherwise by where eyes usually lie in its detector's boxes. Errors are those
// of Fit.
func Place(found face.Detection, onto Template, eyes BoxEyes) (Placement, error) {
	points := found.Landmarks
	if _, _, ok := points.Eyes(); !ok {
		points = eyes.Of(found.Box)
	}
	placement, err := Fit(points, onto)
	if err != nil {
		return Placement{}, face.Wrap(face.Invalid, err, "detection at %v", found.Box)
	}
	return placement, nil
}

// Cut makes the aligned picture of a placement that was fitted onto the given
// template. Pixels are sampled bilinearly, as insightface does; what lies
// outside the photograph is black. The caller closes the result.
func Cut(photo *cv.Image, placement Placement, onto Template) (*cv.Image, error) {
	if err := onto.check(); err != nil {
		return nil, err
	}
	aligned, err := photo.Warp(placement.Map, onto.Width, onto.Height)
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "placement of a face at scale %g: make it by Fit or Place, of points near the photograph", placement.Scale)
	}
	return aligned, nil
}
