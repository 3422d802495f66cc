package search

import "github.com/visagedb/visage/internal/face"

// Spoof is a face that an answer leaves out because it is a picture of a face, rather
// than a live one.
type Spoof struct {
	// Image names the photograph where there are several, or two.
	Image      string     `json:"image,omitempty"`
	FacialArea FacialArea `json:"facial_area"`
	Confidence float32    `json:"face_confidence"` // of the detection
	*face.Liveness
}

// SpoofPolicy says what is done about pictures of faces, where liveness is told.
type SpoofPolicy string

// The policies.
const (
	// FlagSpoofs answers them like others and says so of each.
	FlagSpoofs SpoofPolicy = "flag"
	// RejectSpoofs leaves them out and lists them; a photograph of them alone is the
	// error face.Spoof.
	RejectSpoofs SpoofPolicy = "reject"
)

// ParseSpoofPolicy reads one, and returns face.Invalid for any other text.
func ParseSpoofPolicy(text string) (SpoofPolicy, error) {
	p := SpoofPolicy(text)
	if p != FlagSpoofs && p != RejectSpoofs {
		return "", face.Errorf(face.Invalid, "%q is nothing to do about pictures of faces: use flag or reject", text)
	}
	return p, nil
}

// Sift splits the faces of a photograph, at least one, into those that count and those
// that are left out; image names it for these. It returns face.Spoof where none counts.
func (p SpoofPolicy) Sift(image string, of face.Photo) (face.Photo, []Spoof, error) {
	if p != RejectSpoofs {
		return of, nil, nil
	}
	left, spoofs, err := of.WithoutSpoofs()
	return left, Spoofs(image, left, spoofs), err
}

// LeavesOut says whether a face is left out, of which this is known.
func (p SpoofPolicy) LeavesOut(l *face.Liveness) bool { return p == RejectSpoofs && l.Spoofed() }

// Spoofs shows faces of a photograph that are left out; image names it, and may be
// empty.
func Spoofs(image string, of face.Photo, spoofs []face.Template) []Spoof {
	var shown []Spoof
	for _, t := range spoofs {
		shown = append(shown, Spoof{
			Image: image, FacialArea: NewFacialArea(t.Detection, of.Width, of.Height), Confidence: t.Detection.Confidence, Liveness: t.Measures.Liveness,
		})
	}
	return shown
}

// LivePair says of the two faces that were compared whether they are live; nil of one
// of which nobody asked.
type LivePair struct {
	Img1 *face.Liveness `json:"img1"`
	Img2 *face.Liveness `json:"img2"`
}

// livePair is that of two templates; nil where nobody asked of either.
func livePair(a, b face.Template) *LivePair {
	if a.Measures.Liveness == nil && b.Measures.Liveness == nil {
		return nil
	}
	return &LivePair{Img1: a.Measures.Liveness, Img2: b.Measures.Liveness}
}
