package search

import "github.com/visagedb/visage/internal/face"

// Representation is one face as DeepFace's represent answers it, and what we add.
type Representation struct {
	Embedding  []float32  `json:"embedding"`
	FacialArea FacialArea `json:"facial_area"`
	Confidence float32    `json:"face_confidence"` // of the detection
	// Face is what the network was given: rows, columns and channels, in a row.
	// Shape are their numbers.
	Face           []float32 `json:"face,omitempty"`
	Shape          []int     `json:"face_shape,omitempty"`
	Model          string    `json:"model"`
	Detector       string    `json:"detector_backend"`
	Space          string    `json:"space"`
	*face.Liveness           // is_real and antispoof_score; absent where nobody asked
}

// RepresentOptions say what is done with templates before they are shown.
type RepresentOptions struct {
	// MinMax are the ends of the range that DeepFace's minmax_normalize is to bring to
	// 0 to 1; nil for not.
	MinMax *[2]float64
	// Unit is DeepFace's l2_normalize.
	Unit bool
	// Detector is the name that the answer gives as detector_backend.
	Detector string
}

// Represent shows the templates of a photograph. What is changed gets a space of its
// own, so that nobody takes it for a template.
func Represent(photo face.Photo, opts RepresentOptions) []Representation {
	shown := make([]Representation, len(photo.Templates))
	for i, t := range photo.Templates {
		shown[i] = Representation{
			Embedding: t.Vector, FacialArea: NewFacialArea(t.Detection, photo.Width, photo.Height),
			Confidence: t.Detection.Confidence, Model: t.Space.Recognizer, Detector: opts.Detector, Space: t.Space.Name(),
			Liveness: t.Measures.Liveness,
		}
		r := &shown[i]
		if opts.MinMax != nil {
			r.Embedding, r.Space = MinMax(r.Embedding, opts.MinMax[0], opts.MinMax[1]), r.Space+"+minmax"
		}
		if opts.Unit && (opts.MinMax != nil || !t.Space.Unit) {
			r.Embedding, r.Space = UnitLength(r.Embedding), r.Space+"+l2"
		}
	}
	return shown
}
