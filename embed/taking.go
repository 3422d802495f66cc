package embed

// Taking says which faces of a photograph count.
type Taking struct {
	MaxFaces int  // those with the largest boxes, so many; 0 for all
	Anyway   bool // the whole photograph is one where none is found
	Liveness bool // of each is said whether it is live, by the model of Config.Liveness
}

// Taking is the Embedder with other settings than Config's MaxFaces and Anyway, and
// with liveness told or not. It shares all its parts with e, which alone is to be
// closed.
func (e *Embedder) Taking(t Taking) *Embedder {
	view := *e
	view.maxFaces, view.anyway, view.tells = t.MaxFaces, t.Anyway, t.Liveness
	return &view
}

// Cropped is the Embedder for faces that are cut out in another way, with the space
// and the thresholds that go with it. It shares all its parts with e, which alone is
// to be closed. It returns face.Invalid for what Open would refuse.
func (e *Embedder) Cropped(crop Crop) (*Embedder, error) {
	view := *e
	view.crop, view.cfg.Crop = crop, crop
	view.models = make([]*model, len(e.models))
	for i, m := range e.models {
		if err := view.cfg.validate(m.entry); err != nil {
			return nil, err
		}
		other := *m
		if r := m.entry.Recognition; r != nil {
			other.space.Profile = view.cfg.variant(m.entry)
			if e.deepface() {
				other.thresholds = view.cfg.qualified(r.DeepFace.Thresholds)
			}
		}
		view.models[i] = &other
	}
	view.model = view.models[0]
	return &view, nil
}
