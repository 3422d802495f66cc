package face

import "strings"

// Profile names a way of preparing a face for a recogniser.
type Profile string

// Native is what the model's authors did: five-point alignment where the model
// wants it, its own normalisation and colour order.
const Native Profile = "native"

// DeepFace is what serengil/deepface does, quirk by quirk, so that its users
// keep their vectors and thresholds.
const DeepFace Profile = "deepface"

// Space says where a template lives. Two templates are comparable only when
// their spaces are equal: same recogniser, same weights, same preparation of
// the crop and, where the crop depends on the detector's box or eyes rather
// than on five landmarks, same detector.
type Space struct {
	Recognizer string  `json:"recognizer"`
	Weights    string  `json:"weights"` // SHA-256 of the weights file, 64 hex digits
	Profile    Profile `json:"profile"`
	Detector   string  `json:"detector,omitempty"` // empty where any five-point detector serves
	Dim        int     `json:"dim"`                // number of components of a template
	Unit       bool    `json:"unit"`               // whether templates have Euclidean length 1
}

// Name is the space's unique name, for people and SQL alike, such as
// "MobileFaceNet-native-b7120c09" or "LBPH-native-opencv-1f0c22aa"; the last
// part is the beginning of the weights' SHA-256.
func (s Space) Name() string {
	parts := []string{s.Recognizer, string(s.Profile)}
	if s.Detector != "" {
		parts = append(parts, s.Detector)
	}
	return strings.Join(append(parts, s.Weights[:min(8, len(s.Weights))]), "-")
}

// Template is what is stored and compared: one face's embedding in its space.
type Template struct {
	Space     Space     `json:"-"`
	Vector    []float32 `json:"embedding"` // Space.Dim components
	Detection Detection `json:"detection"`
	Measures  Measures  `json:"measures"` // zero where the template came without a photograph
	// Attributes are what models estimate of the face; nil where nobody asked.
	Attributes map[Attribute]Estimate `json:"attributes,omitempty"`
}
