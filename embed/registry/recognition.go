package registry

import (
	"fmt"
	"math"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// Recognition describes a recogniser: its graph, and how a face is prepared for
// it in each profile. A model may lack one of the two.
type Recognition struct {
	// Dim is how many values the graph gives for a face.
	Dim int `yaml:"dim" json:"dim"`
	// Width and Height are those of the picture that the graph takes, in pixels.
	Width  int `yaml:"width" json:"width"`
	Height int `yaml:"height" json:"height"`
	// Layout is NCHW or NHWC. Defaults to NCHW.
	Layout Layout `yaml:"layout" json:"layout"`
	// Output is the name of the graph's output to read. Defaults to its only one.
	Output string `yaml:"output" json:"output,omitempty"`
	// Native is what the model's authors did.
	Native *Native `yaml:"native" json:"native,omitempty"`
	// DeepFace is what DeepFace does with the model.
	DeepFace *DeepFace `yaml:"deepface" json:"deepface,omitempty"`
}

// Layout says how a picture lies in a graph's input.
type Layout string

// The layouts: batch, channels, rows, columns, and batch, rows, columns,
// channels.
const (
	NCHW Layout = "nchw"
	NHWC Layout = "nhwc"
)

// Native prepares a face as the model's authors did. Its templates have length
// 1.
type Native struct {
	// Crop is how the face is cut out.
	Crop Crop `yaml:"crop" json:"crop"`
	// Margin is by how much of its width and height the box grows in all, for
	// CropBox. Defaults to 0.
	Margin     float64 `yaml:"margin" json:"margin,omitempty"`
	Input      `yaml:",inline"`
	Thresholds face.Thresholds `yaml:"thresholds" json:"thresholds,omitempty"`
}

// Crop names a way of cutting a face out.
type Crop string

// The ways of cutting.
const (
	CropArcFace Crop = "arcface" // five landmarks onto ArcFace's template, scaled to the graph's size
	CropBox     Crop = "box"     // the detector's box, grown and stretched to the graph's size
)

// DeepFace prepares a face as serengil/deepface does: boxes turned by the eyes,
// letterboxed, and as numbers from 0 to 1 put through one of its
// normalisations. The Input then takes those.
type DeepFace struct {
	Input `yaml:",inline"`
	// Bytes says that the model takes whole numbers from 0 to 255, fractions cut
	// off, and no other normalisation than base.
	Bytes bool `yaml:"bytes" json:"bytes,omitempty"`
	// Unit says that embeddings have length 1 without anybody's asking for it.
	Unit bool `yaml:"unit" json:"unit,omitempty"`
	// MinMax are the least and the largest value that DeepFace's
	// minmax_normalize takes a component to have. It is nil where DeepFace has
	// none and leaves embeddings as they are.
	MinMax     *[2]float64     `yaml:"minmax" json:"minmax,omitempty"`
	Thresholds face.Thresholds `yaml:"thresholds" json:"thresholds,omitempty"`
}

// Input says how pixels become a graph's numbers: (x - Mean) / Std on each
// channel, in the graph's order.
type Input struct {
	RGB bool `yaml:"rgb" json:"rgb"` // red, green, blue; the opposite otherwise
	// Mean defaults to 0.
	Mean [3]float32 `yaml:"mean" json:"mean"`
	// Std defaults to 1.
	Std [3]float32 `yaml:"std" json:"std"`
}

// Profile is the one to use where the user names none: native where a threshold
// is known for it, or nothing else is known; DeepFace's otherwise.
func (r *Recognition) Profile() face.Profile {
	if r.DeepFace != nil && (r.Native == nil || len(r.Native.Thresholds) == 0) {
		return face.DeepFace
	}
	return face.Native
}

// decides says whether a model can say by itself who is the same person, where
// that is its business.
func (e Entry) decides() bool {
	r := e.Recognition
	return r == nil || r.Native != nil && len(r.Native.Thresholds) > 0 || r.DeepFace != nil && len(r.DeepFace.Thresholds) > 0
}

// withDefaults fills in what was left out. A nil Recognition stays nil.
func (r *Recognition) withDefaults() {
	if r == nil {
		return
	}
	if r.Layout == "" {
		r.Layout = NCHW
	}
	if r.Native != nil {
		r.Native.withDefaults()
	}
	if r.DeepFace != nil {
		r.DeepFace.withDefaults()
	}
}

func (in *Input) withDefaults() {
	if in.Std == [3]float32{} {
		in.Std = [3]float32{1, 1, 1}
	}
}

// validate says what of a model's description cannot be. A detector has none.
func (r *Recognition) validate(kind Kind) error {
	const most = 16_000 // dimensions that pgvector stores
	switch {
	case (r != nil) != (kind == Recognizer):
		return fmt.Errorf("recognition: a recogniser has it, and nothing else")
	case r == nil:
		return nil
	case r.Dim < 1 || r.Dim > most:
		return fmt.Errorf("recognition: dim is %d, want 1 to %d", r.Dim, most)
	case r.Width < 1 || r.Height < 1 || r.Width > maxSide || r.Height > maxSide:
		return fmt.Errorf("recognition: a picture of %dx%d pixels, want sides of 1 to %d", r.Width, r.Height, maxSide)
	case r.Layout != NCHW && r.Layout != NHWC:
		return fmt.Errorf("recognition: layout is %q, want %s or %s", r.Layout, NCHW, NHWC)
	case r.Native == nil && r.DeepFace == nil:
		return fmt.Errorf("recognition: it has neither native nor deepface")
	}
	if n := r.Native; n != nil {
		if n.Crop != CropArcFace && n.Crop != CropBox || !(n.Margin >= 0 && n.Margin <= 2) || n.Margin > 0 && n.Crop != CropBox {
			return fmt.Errorf("recognition: native crop is %q with a margin of %g, want %s or %s, and a margin from 0 to 2 for %[4]s alone", n.Crop, n.Margin, CropArcFace, CropBox)
		}
		if err := checkFeed("native", n.Input, n.Thresholds); err != nil {
			return err
		}
	}
	if d := r.DeepFace; d != nil {
		if d.MinMax != nil && !(d.MinMax[0] < d.MinMax[1] && finite(d.MinMax[:]...)) {
			return fmt.Errorf("recognition: deepface minmax is %v, want two finite numbers, the lesser first", *d.MinMax)
		}
		return checkFeed("deepface", d.Input, d.Thresholds)
	}
	return nil
}

// validate says what of the numbers cannot be; what names whose they are.
func (in Input) validate(what string) error {
	for c := range 3 {
		if mean, std := float64(in.Mean[c]), float64(in.Std[c]); !finite(mean, std) || std <= 0 {
			return fmt.Errorf("%s mean is %v and std %v, want finite numbers, those of std above 0", what, in.Mean, in.Std)
		}
	}
	return nil
}

// maxSide bounds the sides of a model's picture, in pixels.
const maxSide = 1024

func checkFeed(profile string, in Input, thresholds face.Thresholds) error {
	if err := in.validate("recognition: " + profile); err != nil {
		return err
	}
	for i, t := range thresholds {
		_, err := face.ParseMetric(string(t.Metric))
		_, twice := thresholds[:i].In(t.Metric)
		if err != nil || twice || !(t.Distance > 0) || !finite(t.Distance) || t.Source == "" {
			return fmt.Errorf("recognition: %s threshold %+v: want one for each metric, finite and above 0, with its source", profile, t)
		}
		if err := checkCurve(t.Curve); err != nil {
			return fmt.Errorf("recognition: %s threshold by %s: %w", profile, t.Metric, err)
		}
	}
	return nil
}

// checkCurve refuses constants from which no confidence can be computed.
func checkCurve(c *face.Curve) error {
	if c == nil || *c == (face.Curve{}) {
		return nil
	}
	if !finite(c.W, c.B, c.Normalizer, c.MinTrue, c.MaxTrue, c.MinFalse, c.MaxFalse) || c.MinTrue >= c.MaxTrue || c.MinFalse >= c.MaxFalse {
		return fmt.Errorf("curve is %+v, want finite numbers, and minima below their maxima", *c)
	}
	return nil
}

func finite(numbers ...float64) bool {
	return !slices.ContainsFunc(numbers, func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
}
