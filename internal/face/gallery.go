package face

import "time"

// DefaultGallery is the gallery that is meant where none is named.
const DefaultGallery = "default"

// Gallery is a named set of enrolled identities; a search stays within one.
type Gallery struct {
	Name       string    `json:"name"`
	Identities int       `json:"identities"`
	Images     int       `json:"images"`
	Faces      int       `json:"faces"`
	CreatedAt  time.Time `json:"created_at"`
}

// Identity is an enrolled person. Its name is unique in its gallery.
type Identity struct {
	ID        string    `json:"id"` // UUID
	Gallery   string    `json:"gallery"`
	Name      string    `json:"name"`
	Images    int       `json:"images"`
	Faces     int       `json:"faces"`
	CreatedAt time.Time `json:"created_at"`
}

// Candidate is one enrolled template that a search proposes for a probe.
type Candidate struct {
	FaceID   string    `json:"face_id"`  // UUID
	Identity string    `json:"identity"` // empty for a face that belongs to no identity
	Image    string    `json:"image"`
	Box      Box       `json:"box"`
	Vector   []float32 `json:"-"` // as stored
}
