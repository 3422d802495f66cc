package face

// Measures say how well a face is seen in its photograph. They are facts of one
// picture, not of the person.
type Measures struct {
	// Side is the smaller side of the detector's box, in the photograph's
	// pixels.
	Side float64 `json:"side"`
	// Confidence is the detection's, in [0,1].
	Confidence float64 `json:"confidence"`
	// Residual is how far the landmarks lie from a frontal face's after
	// alignment, as a share of the eyes' distance: 0 for the template's own
	// shape, about 0.2 for a head turned by 45 degrees and 0.45 for a profile, more
	// where landmarks are wrong. It
	// is nil where the face was not aligned by its own landmarks, or by less
	// than four, which always fit.
	Residual *float64 `json:"residual,omitempty"`
	// Scale is the aligned crop's pixels for one of the photograph, above 0:
	// above 1 the face was enlarged, so that a crop can be no sharper than the
	// few pixels it was made of. It is nil where the face was not aligned.
	Scale *float64 `json:"scale,omitempty"`
	// Sharpness is embed/quality's, from 0, of a face without any detail, to 1. A
	// face in focus has about 0.4 to 0.8.
	Sharpness float64 `json:"sharpness"`
	// Liveness is nil where nobody asked for it.
	Liveness *Liveness `json:"liveness,omitempty"`
	// Brightness is the mean luminance of the face from the brows to the chin, from
	// 0, black, to 1, white. It is the skin's as well as the light's.
	Brightness float64 `json:"brightness"`
	// Contrast is the standard deviation of that luminance, from 0 to 0.5.
	Contrast float64 `json:"contrast"`
	// Yaw and Pitch are how far the head is turned to the side and up or down, in
	// degrees from -180 to 180, as four or five landmarks tell it: positive where the nose
	// points to the picture's right, or down. They are estimates, off by some ten degrees
	// from one person to another, and nil where there are fewer landmarks.
	Yaw   *float64 `json:"yaw,omitempty"`
	Pitch *float64 `json:"pitch,omitempty"`
	// Quality is what all of this comes to.
	Quality Quality `json:"quality"`
}
