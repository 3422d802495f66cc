package ingest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Faces says which faces of a photograph in an identity's folder are enrolled.
type Faces string

// The policies.
const (
	Largest Faces = "largest" // the most prominent, by face.MostProminent
	All     Faces = "all"     // all that pass the gates, all for the identity
	// Reject refuses photographs in which more faces than one pass the gates,
	// and those in which the most prominent one does not pass.
	Reject Faces = "reject"
)

// Gates are what a face needs to be enrolled. The zero value lets all pass.
type Gates struct {
	// MinSide is the least of face.Measures.Side, in pixels. Defaults to 0, any.
	MinSide float64
	// MinConfidence is the least of face.Measures.Confidence, in [0,1]. Defaults
	// to 0, any: the detector has a least of its own.
	MinConfidence float64
	// MinSharpness is the least of face.Measures.Sharpness. Defaults to 0, any.
	MinSharpness float64
	// MaxResidual is the most of face.Measures.Residual, where there is one.
	// Defaults to 0, any.
	MaxResidual float64
	// MinQuality is the least of face.Measures.Quality.Score, in [0,1]. Defaults to
	// 0, any.
	MinQuality float64 `json:",omitempty"`
	// Faces is the policy for photographs in identities' folders; of others all
	// faces count. Defaults to Largest.
	Faces Faces
	// Live refuses faces of which face.Measures.Liveness does not say that they are
	// live: the embedder has to tell. Defaults to taking all.
	Live bool `json:",omitempty"`
}

// gateReasons are the reasons for which a photograph is rejected by gates: they
// may not hold for other ones.
var gateReasons = [...]face.Code{face.TooSmall, face.LowConfidence, face.Blurred, face.BadAlignment, face.LowQuality, face.SeveralFaces, face.Spoof}

// DefaultGates are those of the program. docs/ingest.md says how they were set.
func DefaultGates() Gates {
	return Gates{MinSide: 24, MinSharpness: 0.08, MaxResidual: 0.4, Faces: Largest}
}

// String is what an attempt with the gates is known by in the ledger, such as
// "+side24+sharpness0.08+residual0.4".
func (g Gates) String() string {
	var b strings.Builder
	for _, setting := range []struct {
		name  string
		value float64
	}{{"side", g.MinSide}, {"confidence", g.MinConfidence}, {"sharpness", g.MinSharpness}, {"residual", g.MaxResidual}, {"quality", g.MinQuality}} {
		if setting.value > 0 {
			fmt.Fprintf(&b, "+%s%g", setting.name, setting.value)
		}
	}
	if g.Live {
		b.WriteString("+live")
	}
	if g.Faces != Largest {
		fmt.Fprintf(&b, "+faces-%s", g.Faces)
	}
	return b.String()
}

// triedWith is the setting upon which a rejection depends: that of the detector,
// and of the gates for what they refuse.
func (c Config) triedWith(rejected face.Code) string {
	if slices.Contains(gateReasons[:], rejected) {
		return c.Detector + c.Gates.String()
	}
	return c.Detector
}

// failure is a face that is not enrolled.
type failure struct {
	reason  face.Code
	message string
	of      face.Template
}

// judge says why a face is not enrolled, or nil. What spoils the other measures
// comes first.
func (g Gates) judge(t face.Template) *failure {
	m := t.Measures
	fail := func(reason face.Code, format string, args ...any) *failure {
		return &failure{reason: reason, message: fmt.Sprintf(format, args...), of: t}
	}
	switch {
	case m.Side < g.MinSide:
		return fail(face.TooSmall, "face of %.0f pixels a side, the least is %g", m.Side, g.MinSide)
	case m.Confidence < g.MinConfidence:
		return fail(face.LowConfidence, "the detector's confidence is %.3f, the least is %g", m.Confidence, g.MinConfidence)
	case g.MaxResidual > 0 && m.Residual != nil && *m.Residual > g.MaxResidual:
		return fail(face.BadAlignment, "landmarks off a face's by %.3f of the eyes' distance, the most is %g", *m.Residual, g.MaxResidual)
	case m.Sharpness < g.MinSharpness:
		return fail(face.Blurred, "sharpness %.4f, the least is %g", m.Sharpness, g.MinSharpness)
	case m.Quality.Score < g.MinQuality:
		return fail(face.LowQuality, "quality %.3f (%s), the least is %g", m.Quality.Score, because(m.Quality), g.MinQuality)
	case g.Live && m.Liveness == nil:
		return fail(face.Spoof, "nobody has said whether the face is live")
	case g.Live && !m.Liveness.Real:
		return fail(face.Spoof, "a picture of a face, not a live one (score %.3f)", m.Liveness.Score)
	}
	return nil
}

// because is what spoils a face.
func because(q face.Quality) string {
	if len(q.Reasons) == 0 {
		return "nothing much by itself"
	}
	words := make([]string, len(q.Reasons))
	for i, r := range q.Reasons {
		words[i] = string(r)
	}
	return strings.Join(words, ", ")
}

// choice is which faces of a photograph have to be embedded.
func (g Gates) choice(identity string) face.Choice {
	if identity != "" && g.Faces == Largest {
		return face.Prominent
	}
	return face.AllFaces
}

// sort splits the faces of a photograph, at least one, into those to enrol and
// those that failed; where none is to be enrolled, the first failure is the most
// prominent face's, and the reason to reject the photograph.
func (g Gates) sort(of face.Photo, identity string) (passed []face.Template, failed []failure) {
	first := prominent(of)
	for i, t := range of.Templates {
		switch why := g.judge(t); {
		case why == nil:
			passed = append(passed, t)
		case i == first:
			failed = slices.Insert(failed, 0, *why)
		default:
			failed = append(failed, *why)
		}
	}
	if identity == "" || g.Faces != Reject {
		return passed, failed
	}
	switch best := of.Templates[first]; {
	case g.judge(best) != nil:
		return nil, failed
	case len(passed) > 1:
		many := failure{reason: face.SeveralFaces, message: fmt.Sprintf("%d faces, where one was asked for", len(passed)), of: best}
		return nil, slices.Insert(failed, 0, many)
	}
	return passed, failed
}

// prominent is which face of a photograph it is most likely about.
func prominent(of face.Photo) int {
	found := make([]face.Detection, len(of.Templates))
	for i, t := range of.Templates {
		found[i] = t.Detection
	}
	return face.MostProminent(found, of.Width, of.Height)
}

// LeftOut is a face that is not enrolled beside others of its photograph, and why.
type LeftOut struct {
	Template face.Template
	Code     face.Code
	Message  string
}

// Pick returns the faces of a photograph, at least one, that are to be enrolled for an
// identity whose photograph it is, and those that are not though they count. Where none
// is, it returns why, under the code by which a run would reject the photograph.
func (g Gates) Pick(of face.Photo) (passed []face.Template, left []LeftOut, err error) {
	if g.Faces == Largest {
		of.Templates = of.Templates[prominent(of):][:1]
	}
	passed, failed := g.sort(of, "somebody")
	if len(passed) == 0 {
		return nil, nil, face.Errorf(failed[0].reason, "%s", failed[0].message)
	}
	for _, f := range failed {
		left = append(left, LeftOut{f.of, f.reason, f.message})
	}
	return passed, left, nil
}
