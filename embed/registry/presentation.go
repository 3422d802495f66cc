package registry

import "fmt"

// Presentation describes a model that tells a live face from a picture of one:
// graphs that look at more and less around the face, one for each of the model's
// files, and give logits of the same classes. The mean of their probabilities
// decides: the most likely class, or the Threshold of a live face.
type Presentation struct {
	// Width and Height are those of the picture that the graphs take, in pixels.
	Width  int `yaml:"width" json:"width"`
	Height int `yaml:"height" json:"height"`
	// Scales are by how much the detector's box is enlarged for each graph, 1 or
	// more.
	Scales []float64 `yaml:"scales" json:"scales"`
	// Classes is how many logits a graph gives.
	Classes int `yaml:"classes" json:"classes"`
	// Live is which of them, from 0 on, is that of a live face.
	Live int `yaml:"live" json:"live"`
	// Threshold is the least probability of a live face, the mean of the graphs',
	// at which a face counts as one, above 0 and below 1. Defaults to none: the
	// class that is the most likely decides.
	Threshold float64 `yaml:"threshold,omitempty" json:"threshold,omitempty"`
	// Input takes bytes from 0 to 255.
	Input `yaml:",inline"`
}

// validate says what of a description cannot be. Other models have none.
func (p *Presentation) validate(kind Kind, files []File) error {
	switch {
	case (p != nil) != (kind == Liveness):
		return fmt.Errorf("presentation: a model of liveness has it, and nothing else")
	case p == nil:
		return nil
	case p.Width < 1 || p.Height < 1 || p.Width > maxSide || p.Height > maxSide:
		return fmt.Errorf("presentation: a picture of %dx%d pixels, want sides of 1 to %d", p.Width, p.Height, maxSide)
	case len(p.Scales) == 0:
		return fmt.Errorf("presentation: it has no scales")
	case p.Classes < 2 || p.Live < 0 || p.Live >= p.Classes:
		return fmt.Errorf("presentation: class %d of %d, want two or more classes and one of them", p.Live, p.Classes)
	case !(p.Threshold >= 0 && p.Threshold < 1):
		return fmt.Errorf("presentation: a threshold of %g, want one above 0 and below 1, or none", p.Threshold)
	}
	for _, s := range p.Scales {
		if !(s >= 1 && s <= 10) {
			return fmt.Errorf("presentation: scales are %v, want 1 to 10", p.Scales)
		}
	}
	for _, f := range files {
		if len(f.All()) != len(p.Scales) {
			return fmt.Errorf("presentation: %d scales for the %d files of %s, want one for each", len(p.Scales), len(f.All()), f.Name)
		}
	}
	return p.Input.validate("presentation:")
}

// withDefaults fills in what was left out. A nil Presentation stays nil.
func (p *Presentation) withDefaults() {
	if p != nil {
		p.Input.withDefaults()
	}
}
