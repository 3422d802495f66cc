package search

import (
	"slices"

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
	// AllPairs has the answer list every pair of faces, not only the closest.
	AllPairs bool
}

// Verification says whether two photographs show the same person. Its JSON is
// DeepFace's verify object and, after its keys, what we add.
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
	Time            float64 `json:"time"`
	Space           string  `json:"space"`
	ThresholdSource string  `json:"threshold_source"`
	// Pairs are all pairs of faces, where VerifyOptions.AllPairs asked for them:
	// the first photograph's first face with each of the second's, and so on.
	Pairs []Pair `json:"pairs,omitempty"`
	// Liveness says whether the two faces that decided are live, where that was asked.
	Liveness *LivePair `json:"liveness,omitempty"`
	// Spoofs are faces that were not compared; Verify leaves them to callers that ask
	// for live faces alone.
	Spoofs []Spoof `json:"spoofs,omitempty"`
}

// Verify compares every face of one photograph with every face of the other;
// the pair with the smallest distance decides, the first of equals, as in
// DeepFace. A photograph of no width stands for templates that came as numbers:
// it has no facial area.
//
// It returns NoFace where a photograph has no template, Mismatch for templates
// of different spaces or of another dimension than their space's, TooLarge for
// more than a million pairs, and Invalid for a template that is zero or not finite and for a threshold that is absent
// or cannot be converted.
func Verify(a, b face.Photo, opts VerifyOptions) (Verification, error) {
	if opts.Metric == "" {
		opts.Metric = face.Cosine
	}
	space, err := oneSpace(a, b)
	if err != nil {
		return Verification{}, err
	}
	if opts.Threshold, err = ConvertThreshold(opts.Threshold, opts.Metric, space); err != nil {
		return Verification{}, err
	}
	pairs, err := comparePairs(a.Templates, b.Templates, opts.Threshold)
	if err != nil {
		return Verification{}, err
	}
	best := closest(pairs)
	if !opts.AllPairs {
		pairs = nil
	}
	return Verification{
		Verified:   best.Verified,
		Distance:   best.Distance,
		Threshold:  opts.Threshold.Distance,
		Confidence: best.Confidence,
		Model:      space.Recognizer,
		Detector:   opts.Detector,
		Metric:     opts.Metric,
		FacialAreas: FacialAreas{
			Img1: areaIn(a, best.Face1),
			Img2: areaIn(b, best.Face2),
		},
		Space:           space.Name(),
		ThresholdSource: opts.Threshold.Source,
		Pairs:           pairs,
		Liveness:        livePair(a.Templates[best.Face1], b.Templates[best.Face2]),
	}, nil
}

// oneSpace holds two photographs' templates to one space, and returns it.
func oneSpace(a, b face.Photo) (face.Space, error) {
	for i, photo := range []face.Photo{a, b} {
		if len(photo.Templates) == 0 {
			return face.Space{}, face.Errorf(face.NoFace, "photograph %d has no face to compare", i+1)
		}
		for j, t := range photo.Templates {
			if err := checkVector(t.Vector, t.Space); err != nil {
				return face.Space{}, face.Wrap(face.CodeOf(err), err, "face %d of photograph %d", j+1, i+1)
			}
		}
	}
	return commonSpace(slices.Concat(a.Templates, b.Templates))
}

// areaIn is the place of a photograph's face; nil where there is no photograph.
func areaIn(photo face.Photo, i int) *FacialArea {
	if photo.Width == 0 {
		return nil
	}
	area := NewFacialArea(photo.Templates[i].Detection, photo.Width, photo.Height)
	return &area
}
