package face

// Detection is one face found in a photograph.
type Detection struct {
	Box Box `json:"box"`
	// Confidence is the detector's own, in [0,1]. It compares detections of one
	// detector only.
	Confidence float32   `json:"confidence"`
	Landmarks  Landmarks `json:"landmarks,omitempty"`
}

// MostProminent returns the index of the detection that a photograph of the
// given size is most likely to be about: the one with the largest area minus
// twice the squared distance of its centre from the photograph's, in pixels,
// as deepinsight/insightface chooses. It returns -1 for no detections.
func MostProminent(found []Detection, width, height int) int {
	best, at := 0.0, -1
	middle := Point{float32(width) / 2, float32(height) / 2}
	for i, d := range found {
		off := d.Box.Centre().Distance(middle)
		prominence := float64(d.Box.Area()) - 2*off*off
		if at < 0 || prominence > best {
			best, at = prominence, i
		}
	}
	return at
}
