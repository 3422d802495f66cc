package httpapi

import (
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// wanted is what a request wants of a photograph.
type wanted struct {
	Wanted
	spoofs search.SpoofPolicy // what is done about pictures of faces
}

// spoofsOf is the field spoofs, which goes with anti_spoofing.
func spoofsOf(f *fields, usual search.SpoofPolicy) search.SpoofPolicy {
	policy, err := search.ParseSpoofPolicy(f.text("spoofs", string(usual)))
	if err != nil {
		f.wrong("spoofs", "flag or reject")
	}
	if f.given("spoofs") && !f.flag("anti_spoofing", false) {
		f.refuse(face.Errorf(face.Invalid, "spoofs says what to do about pictures of faces, and nobody looks for them: send anti_spoofing=true with it"))
	}
	return policy
}

// noneToTell is the error for a template, which is named, where a photograph's face is
// to be told from a picture of one.
func noneToTell(template string) error {
	return face.Errorf(face.Invalid, "anti_spoofing: nobody can say of a template, such as %s, whether its face was live: send a photograph, or leave anti_spoofing out", template)
}

// faces are the crops as those of a photograph.
func (c Cut) faces() face.Photo {
	photo := face.Photo{Width: c.Width, Height: c.Height}
	for _, crop := range c.Crops {
		photo.Templates = append(photo.Templates, face.Template{Detection: crop.Detection, Measures: face.Measures{Liveness: crop.Liveness}})
	}
	return photo
}

// siftAnalyses is search.SpoofPolicy.Sift for faces of which attributes were estimated.
func siftAnalyses(p search.SpoofPolicy, image string, all []Analysis) (left []Analysis, spoofs []search.Spoof, err error) {
	left = []Analysis{}
	for _, a := range all {
		if p.LeavesOut(a.Liveness) {
			spoofs = append(spoofs, search.Spoof{Image: image, FacialArea: a.Region, Confidence: a.Confidence, Liveness: a.Liveness})
		} else {
			left = append(left, a)
		}
	}
	if len(left) == 0 && len(spoofs) > 0 {
		return nil, spoofs, face.NoneLive(len(spoofs))
	}
	return left, spoofs, nil
}

// perPhotograph is the answer of a route that gives a list for each photograph, or the
// list of the only one, and those that are left out.
func perPhotograph[T any](lists [][]T, spoofs []search.Spoof) map[string]any {
	answer := map[string]any{"results": lists}
	if len(lists) == 1 {
		answer["results"] = lists[0]
	}
	if len(spoofs) > 0 {
		answer["spoofs"] = spoofs
	}
	return answer
}
