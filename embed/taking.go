package embed

// Taking says which faces of a photograph count.
type Taking struct {
	MaxFaces int  // those with the largest boxes, so many; 0 for all
	Anyway   bool // the whole photograph is one where none is found
}

// Taking is the Embedder with other settings than Config's MaxFaces and Anyway. It
// shares all its parts with e, which alone is to be closed.
func (e *Embedder) Taking(t Taking) *Embedder {
	view := *e
	view.maxFaces, view.anyway = t.MaxFaces, t.Anyway
	return &view
}
