package face

// Record is a template as a file of templates holds it: with the name of its
// photograph, not the photograph.
type Record struct {
	Identity string    // empty for a face that belongs to no identity
	Image    string    // what the face is known by in a gallery; no two faces share one
	Vector   []float32 // as many components as its space has
}
