package embed

import (
	"context"
	"errors"
	"slices"

	"github.com/visagedb/visage/embed/attribute"
	"github.com/visagedb/visage/embed/internal/classify"
	"github.com/visagedb/visage/internal/face"
)

// Analyzed is what is said of one face of a photograph.
type Analyzed struct {
	Detection  face.Detection // in the photograph's pixels
	Attributes map[face.Attribute]face.Estimate
	Liveness   *face.Liveness // nil where it was not asked for
}

// Asked says what Analyze is to say of faces.
type Asked struct {
	Attributes []face.Attribute
	Liveness   bool
}

// Analyze finds the faces of an encoded photograph and says what is asked of each, or
// of the most prominent one. It also tells the photograph's size in pixels, as
// displayed. Config.Anyway counts for nothing here: attributes of what is no face
// would be invented, so that a photograph without one is face.NoFace. Errors are those
// of Embed, and face.Invalid for what the Embedder was opened without.
func (e *Embedder) Analyze(ctx context.Context, data []byte, which face.Choice, asked Asked) (_ []Analyzed, width, height int, err error) {
	if err := e.answers(asked); err != nil {
		return nil, 0, 0, err
	}
	mine := turn{of: e.turns}
	if err := mine.take(ctx); err != nil {
		return nil, 0, 0, err
	}
	defer mine.giveBack()
	v, err := e.view(ctx, data, which)
	if err != nil {
		return nil, 0, 0, err
	}
	defer func() { err = errors.Join(err, v.picture.Close()) }()
	var out []Analyzed
	for some := range slices.Chunk(v.faces(), chunk) {
		analyzed, err := e.analyzeSome(ctx, some, asked)
		if err != nil {
			return nil, 0, 0, err
		}
		out = append(out, analyzed...)
	}
	return out, v.width, v.height, nil
}

// answers says whether the Embedder has the models for what is asked.
func (e *Embedder) answers(asked Asked) error {
	for _, a := range asked.Attributes {
		if !slices.ContainsFunc(e.estimators, func(m estimator) bool { return slices.Contains(m.attributes, a) }) {
			return face.Errorf(face.Invalid, "this embedder was opened without a model of the attribute %q", a)
		}
	}
	if asked.Liveness && e.liveness == nil {
		return face.Errorf(face.Invalid, "this embedder was opened without a model of liveness")
	}
	return nil
}

// analyzeSome is Analyze for some faces, of one photograph or of several.
func (e *Embedder) analyzeSome(ctx context.Context, found []viewed, asked Asked) (out []Analyzed, err error) {
	faces := make([]classify.Face, len(found))
	out = make([]Analyzed, len(found))
	defer func() {
		for _, f := range faces {
			err = errors.Join(err, f.Turned.Close())
		}
	}()
	turned := slices.ContainsFunc(e.estimators, func(m estimator) bool { return m.Turned() && m.has(asked.Attributes) })
	for i, f := range found {
		var d face.Detection
		if faces[i], d, err = e.faceOf(f.in, f.at, turned); err != nil {
			return nil, internal(ctx, err, "cut out a face")
		}
		out[i] = Analyzed{Detection: shifted(d, -f.in.frame.Min.X, -f.in.frame.Min.Y), Attributes: map[face.Attribute]face.Estimate{}}
	}
	if err := e.estimate(ctx, faces, asked.Attributes, out); err != nil {
		return nil, err
	}
	return out, e.judge(ctx, faces, asked, out)
}

// estimate says of the faces the attributes that are asked for.
func (e *Embedder) estimate(ctx context.Context, faces []classify.Face, asked []face.Attribute, out []Analyzed) error {
	var using []*attribute.Estimator
	for _, m := range e.estimators {
		if m.has(asked) {
			using = append(using, m.Estimator)
		}
	}
	estimates, err := attribute.Estimate(ctx, using, faces)
	if err != nil {
		return internal(ctx, err, "estimate attributes")
	}
	for _, said := range estimates {
		for i := range out {
			for a, estimate := range said[i] {
				if slices.Contains(asked, a) {
					out[i].Attributes[a] = estimate
				}
			}
		}
	}
	return nil
}

// judge says of the faces whether they are live, where that is asked.
func (e *Embedder) judge(ctx context.Context, faces []classify.Face, asked Asked, out []Analyzed) error {
	if !asked.Liveness {
		return nil
	}
	said, err := e.liveness.Check(ctx, faces)
	if err != nil {
		return internal(ctx, err, "tell live faces from pictures of faces")
	}
	for i := range out {
		out[i].Liveness = &said[i]
	}
	return nil
}

// has says whether some of the attributes are the model's business.
func (m estimator) has(asked []face.Attribute) bool {
	return slices.ContainsFunc(asked, func(a face.Attribute) bool { return slices.Contains(m.attributes, a) })
}
