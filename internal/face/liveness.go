package face

// Liveness is what a model says of whether a face is live, rather than a picture of
// one on paper or a screen. Its JSON is DeepFace's.
type Liveness struct {
	Real bool `json:"is_real"`
	// Score is how likely a live face is, from 0 to 1; in the profile DeepFace, how
	// likely what Real says is.
	Score float64 `json:"antispoof_score"`
}

// Spoofed says whether it was asked about a face, and the face is a picture of one.
func (l *Liveness) Spoofed() bool { return l != nil && !l.Real }

// WithoutSpoofs splits the faces of a photograph, at least one, into those that are
// not Spoofed and those that are, in their order. It returns Spoof, in the words of
// DeepFace's error, where none is left.
func (p Photo) WithoutSpoofs() (left Photo, spoofs []Template, err error) {
	left = Photo{Width: p.Width, Height: p.Height}
	for _, t := range p.Templates {
		if t.Measures.Liveness.Spoofed() {
			spoofs = append(spoofs, t)
		} else {
			left.Templates = append(left.Templates, t)
		}
	}
	if len(left.Templates) == 0 {
		return left, spoofs, NoneLive(len(spoofs))
	}
	return left, spoofs, nil
}

// NoneLive is the error Spoof for a photograph all of whose faces, so many, are
// pictures of faces. It begins as DeepFace's SpoofDetected does, for its clients.
func NoneLive(faces int) error {
	if faces == 1 {
		return Errorf(Spoof, "Spoof detected in the given image: its face is no live one, but a picture of a face")
	}
	return Errorf(Spoof, "Spoof detected in the given image: none of its %d faces is a live one, all are pictures of faces", faces)
}
