package face

// Quality is how well a face is seen for being recognised, of its Measures alone.
// Package embed/quality says how it comes about.
type Quality struct {
	// Score is the product of the parts, of Brightness and Contrast the square roots,
	// in [0,1]: 1 where nothing is known against the face. It compares faces that one
	// detector found.
	Score float64      `json:"score"`
	Parts QualityParts `json:"parts"`
	// Reasons are what spoils the face, the worst first: the parts below 0.5. It is
	// empty, not nil, where none is.
	Reasons []QualityReason `json:"reasons"`
}

// QualityParts are in [0,1] each, 1 for as good as it needs to be. Those that are
// nil could not be measured.
type QualityParts struct {
	Size       float64  `json:"size"`
	Sharpness  float64  `json:"sharpness"`
	Brightness float64  `json:"brightness"`
	Contrast   float64  `json:"contrast"`
	Pose       *float64 `json:"pose,omitempty"`       // of Yaw and Pitch
	Alignment  *float64 `json:"alignment,omitempty"`  // of Residual
	Confidence *float64 `json:"confidence,omitempty"` // nil where no detector looked
}

// QualityReason is what spoils a face.
type QualityReason string

// The reasons.
const (
	FewPixels   QualityReason = "small"
	NoDetail    QualityReason = "blurred"
	TooDark     QualityReason = "dark"
	TooBright   QualityReason = "bright"
	NoContrast  QualityReason = "flat"
	TurnedAway  QualityReason = "turned"
	Misaligned  QualityReason = "misaligned"
	DoubtedFace QualityReason = "doubted"
)
