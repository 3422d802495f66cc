package search

import (
	"math"

	"github.com/visagedb/visage/internal/face"
)

// VerifyOptions says how Verify compares.
type VerifyOptions struct {
	// Metric is the distance. Defaults to face.Cosine.
	Metric face.Metric
	// Threshold decides what matches. It may be in another metric, where it
	// can be converted; see ConvertThreshold. Required.
	Threshold face.Threshold
	// Detector is the name that the answer gives as detector_backend.
	Detector string
}

// Verification says whether two photographs show the same person. Its JSON is
// DeepFace's verify object.
type Verification struct {
	Verified    bool        `json:"verified"` // Distance is at most Threshold
	Distance    float64     `json:"distance"`
	Threshold   float64     `json:"threshold"`
	Confidence  float64     `json:"confidence"` // for display; see Confidence
	Model       string      `json:"model"`
	Detector    string      `json:"detector_backend"`
	Metric      face.Metric `json:"similarity_metric"`
	FacialAreas FacialAreas `json:"facial_areas"`
	// Time is how long the whole took, in seconds. Verify leaves it to the
	// caller, who knows when decoding began.
	Time float64 `json:"time"`
	// ThresholdSource says where the threshold comes from.
	ThresholdSource string `json:"-"`
}

// FacialAreas are the two faces that were compared in the end.
type FacialAreas struct {
	Img1 FacialArea `json:"img1"`
	Img2 FacialArea `json:"img2"`
}

// Verify compares every face of one photograph with every face of the other;
// the pair with the smallest distance decides, as in DeepFace.
//
// It returns NoFace where a photograph has no template, Mismatch for templates
// of different spaces, and Invalid for a threshold that is absent or cannot be
// converted.
func Verify(a, b face.Photo, opts VerifyOptions) (Verification, error) {
	if opts.Metric == "" {
		opts.Metric = face.Cosine
	}
	for i, photo := range []face.Photo{a, b} {
		if len(photo.Templates) == 0 {
			return Verification{}, face.Errorf(face.NoFace, "photograph %d has no face to compare", i+1)
		}
	}
	space, err := commonSpace(append(append([]face.Template{}, a.Templates...), b.Templates...))
	if err != nil {
		return Verification{}, err
	}
	threshold, err := ConvertThreshold(opts.Threshold, opts.Metric, space)
	if err != nil {
		return Verification{}, err
	}
	best, err := closestPair(opts.Metric, a.Templates, b.Templates)
	if err != nil {
		return Verification{}, err
	}
	return Verification{
		Verified:   best.distance <= threshold.Distance,
		Distance:   best.distance,
		Threshold:  threshold.Distance,
		Confidence: Confidence(threshold, best.distance),
		Model:      space.Recognizer,
		Detector:   opts.Detector,
		Metric:     opts.Metric,
		FacialAreas: FacialAreas{
			Img1: NewFacialArea(a.Templates[best.a].Detection, a.Width, a.Height),
			Img2: NewFacialArea(b.Templates[best.b].Detection, b.Width, b.Height),
		},
		ThresholdSource: threshold.Source,
	}, nil
}

type pair struct {
	a, b     int // indexes of the templates
	distance float64
}

// closestPair returns the pair with the smallest distance, the first of equals.
func closestPair(metric face.Metric, as, bs []face.Template) (pair, error) {
	best := pair{distance: math.Inf(1)}
	for i, a := range as {
		for j, b := range bs {
			d, err := Distance(metric, a.Vector, b.Vector)
			if err != nil {
				return pair{}, face.Wrap(face.CodeOf(err), err, "face %d of the first photograph against face %d of the second", i+1, j+1)
			}
			if d < best.distance {
				best = pair{i, j, d}
			}
		}
	}
	return best, nil
}
