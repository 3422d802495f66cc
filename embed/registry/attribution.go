package registry

import (
	"fmt"
	"slices"
)

// Attribution describes a model that estimates attributes of faces: how a face is
// prepared for its graph, and what its outputs say.
type Attribution struct {
	// Width and Height are those of the picture that the graph takes, in pixels.
	Width  int `yaml:"width" json:"width"`
	Height int `yaml:"height" json:"height"`
	// Layout is NCHW or NHWC. Defaults to NCHW.
	Layout Layout `yaml:"layout" json:"layout"`
	// Grey says that the graph takes one channel of grey, and so the first of Mean
	// and Std alone.
	Grey bool `yaml:"grey" json:"grey,omitempty"`
	// Cut is how a face is cut out.
	Cut Cut `yaml:"cut" json:"cut"`
	// Margin is by how much of its sides the box grows on each side, or of the longer
	// one the square. Defaults to 0.
	Margin float64 `yaml:"margin" json:"margin,omitempty"`
	// Input takes bytes from 0 to 255, and for CutDeepFace numbers from 0 to 1.
	Input `yaml:",inline"`
	// Heads are what the graph estimates, at least one.
	Heads []Head `yaml:"heads" json:"heads"`
}

// Cut names a way of preparing a face for a model of attributes.
type Cut string

// The ways of cutting.
const (
	CutFit      Cut = "fit"      // the detector's box, its aspect kept, in the middle of black
	CutStretch  Cut = "stretch"  // the detector's box, grown by the margin and stretched to the graph's size
	CutSquare   Cut = "square"   // a square about the box, grown by the margin and stretched
	CutPadded   Cut = "padded"   // the same, black where it lies outside of the photograph
	CutDeepFace Cut = "deepface" // DeepFace's: turned by the eyes and letterboxed
)

var cuts = []Cut{CutFit, CutStretch, CutSquare, CutPadded, CutDeepFace}

// Head is one attribute that a graph estimates.
type Head struct {
	// Attribute is age, gender, race or emotion; or Landmarks, for a graph that gives no
	// attribute but points of the face, and has no other head.
	Attribute string `yaml:"attribute" json:"attribute"`
	// Output is the name of the graph's output. Defaults to its only one.
	Output string `yaml:"output" json:"output,omitempty"`
	// Labels are what the output's probabilities are of, in its order. An age has
	// none.
	Labels []string `yaml:"labels" json:"labels,omitempty"`
	// Years is how many probabilities of an age the output gives, from 0 years on.
	// Defaults to 0, for an output that gives the age itself.
	Years int `yaml:"years" json:"years,omitempty"`
	// Ages are the years that each of several classes of age is counted as, in place of
	// Years.
	Ages []float64 `yaml:"ages" json:"ages,omitempty"`
	// Times makes years of the age that the output gives. Defaults to 1.
	Times float64 `yaml:"times" json:"times,omitempty"`
	// Logits says that the output gives logits, not probabilities.
	Logits bool `yaml:"logits" json:"logits,omitempty"`
	// From is the first of the output's values that are the head's, of Width that it
	// has for a face. They default to all.
	From  int `yaml:"from" json:"from,omitempty"`
	Width int `yaml:"width" json:"width,omitempty"`
	// Points is how many landmarks the output gives, x and y of each in turn, as shares
	// of the picture's sides.
	Points int `yaml:"points" json:"points,omitempty"`
}

// Landmarks is what a head is called that gives points of the face.
const Landmarks = "landmarks"

var attributes = []string{"emotion", "age", "gender", "race", Landmarks}

// validate says what of a description cannot be. Other models have none.
func (a *Attribution) validate(kind Kind) error {
	switch {
	case (a != nil) != (kind == Attribute):
		return fmt.Errorf("attribution: a model of attributes has it, and nothing else")
	case a == nil:
		return nil
	case a.Width < 1 || a.Height < 1 || a.Width > maxSide || a.Height > maxSide:
		return fmt.Errorf("attribution: a picture of %dx%d pixels, want sides of 1 to %d", a.Width, a.Height, maxSide)
	case a.Layout != NCHW && a.Layout != NHWC:
		return fmt.Errorf("attribution: layout is %q, want %s or %s", a.Layout, NCHW, NHWC)
	case !slices.Contains(cuts, a.Cut):
		return fmt.Errorf("attribution: cut is %q, want one of %q", a.Cut, cuts)
	case !(a.Margin >= 0 && a.Margin <= 2) || a.Margin > 0 && (a.Cut == CutFit || a.Cut == CutDeepFace):
		return fmt.Errorf("attribution: a margin of %g, want 0 to 2, and none for %s and %s", a.Margin, CutFit, CutDeepFace)
	case len(a.Heads) == 0:
		return fmt.Errorf("attribution: it has no heads")
	}
	for i, h := range a.Heads {
		if h.Attribute == Landmarks && (len(a.Heads) > 1 || a.Cut == CutDeepFace) {
			return fmt.Errorf("attribution: a graph of landmarks has no other head, and not the cut %s", CutDeepFace)
		}
		if slices.ContainsFunc(a.Heads[:i], func(other Head) bool { return other.Attribute == h.Attribute }) {
			return fmt.Errorf("attribution: two heads are of %s", h.Attribute)
		}
		if err := h.validate(); err != nil {
			return err
		}
	}
	return a.Input.validate("attribution:")
}

// Head is the model's head for an attribute, if it has one.
func (e Entry) Head(attribute string) (Head, bool) {
	if e.Attribution == nil {
		return Head{}, false
	}
	i := slices.IndexFunc(e.Attribution.Heads, func(h Head) bool { return h.Attribute == attribute })
	if i < 0 {
		return Head{}, false
	}
	return e.Attribution.Heads[i], true
}

func (h Head) validate() error {
	const most = 200 // years that a head counts
	values := max(1, len(h.Labels), h.Years, len(h.Ages), 2*h.Points)
	switch {
	case !slices.Contains(attributes, h.Attribute):
		return fmt.Errorf("attribution: attribute is %q, want one of %q", h.Attribute, attributes)
	case (h.Attribute == Landmarks) != (h.Points > 0) || h.Points > most:
		return fmt.Errorf("attribution: %d points, want 1 to %d for %s, and none for anything else", h.Points, most, Landmarks)
	case h.From < 0 || h.Width < 0 || h.From+values > max(h.Width, values):
		return fmt.Errorf("attribution: values %d to %d of %d that the output has: it has too few", h.From, h.From+values-1, max(h.Width, values))
	case h.Attribute != "age" && (len(h.Ages) > 0 || h.Times != 0) || h.Years > 0 && len(h.Ages) > 0 || h.Times < 0:
		return fmt.Errorf("attribution: ages and times are of an age that has no years, and times is above 0")
	case (h.Attribute == "age" || h.Attribute == Landmarks) && (len(h.Labels) > 0 || h.Years < 0 || h.Years > most):
		return fmt.Errorf("attribution: %d labels and %d years, want none and at most %d for an age, and none for landmarks", len(h.Labels), h.Years, most)
	case h.Attribute != "age" && h.Attribute != Landmarks && (len(h.Labels) < 2 || h.Years != 0):
		return fmt.Errorf("attribution: %d labels and %d years, want two or more and none for %s", len(h.Labels), h.Years, h.Attribute)
	}
	return nil
}

// withDefaults fills in what was left out. A nil Attribution stays nil.
func (a *Attribution) withDefaults() {
	if a == nil {
		return
	}
	if a.Layout == "" {
		a.Layout = NCHW
	}
	a.Input.withDefaults()
}
