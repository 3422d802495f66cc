package face

// Attribute is something of a face that models estimate.
type Attribute string

// The attributes.
const (
	Emotion Attribute = "emotion"
	Age     Attribute = "age"
	Gender  Attribute = "gender"
	Race    Attribute = "race"
)

// AllAttributes are all attributes, in the order in which DeepFace estimates them
// where none is named.
func AllAttributes() []Attribute { return []Attribute{Emotion, Age, Gender, Race} }

// Estimate is what a model says of one attribute of a face.
type Estimate struct {
	// Years is an Age, 0 for other attributes.
	Years float64 `json:"years,omitempty"`
	// Percent is how likely each label is, together 100; nil for an Age.
	Percent map[string]float64 `json:"percent,omitempty"`
	// Dominant is the label that is the most likely; empty for an Age.
	Dominant string `json:"dominant,omitempty"`
	// Model is the name of the model that says so.
	Model string `json:"model"`
}
