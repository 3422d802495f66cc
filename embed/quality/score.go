package quality

import (
	"cmp"
	"math"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

const (
	// enoughSide is the side of a face's box, in the photograph's pixels, from which
	// on ArcFace's crop of 112 pixels was not enlarged: a box is about twice as wide as
	// the eyes are apart, which is 35.2 pixels there (align.ArcFace).
	enoughSide = 2 * 35.2
	// enoughSharpness is the least of faces in focus: docs/ingest.md.
	enoughSharpness = 0.4
	// worstResidual is the most that ingest's gates let pass by default, at which
	// nothing is left: docs/ingest.md says how it was set.
	worstResidual = 0.4
	// mostVariance is that of the luminance at which OFIQ's mapping is 1. Beyond it
	// OFIQ's falls again, ours does not.
	mostVariance = 1. / 60
	// good is the part below which there is a reason to complain: the middle of the
	// scale, where OFIQ's mappings have theirs.
	good = 0.5
)

// Assess is the quality of a face of the given measures, of which it reads all but
// Scale and Quality. It takes some microseconds.
func Assess(m face.Measures) face.Quality {
	parts := face.QualityParts{
		Size:       min(1, m.Side/enoughSide),
		Sharpness:  min(1, m.Sharpness/enoughSharpness),
		Brightness: brightness(m.Brightness),
		Contrast:   contrast(m.Contrast),
	}
	if m.Yaw != nil && m.Pitch != nil {
		parts.Pose = new(facing(*m.Yaw) * facing(*m.Pitch))
	}
	if m.Residual != nil {
		share := min(1, *m.Residual/worstResidual)
		parts.Alignment = new(1 - share*share) // small ones are people's own proportions
	}
	if m.Confidence > 0 {
		parts.Confidence = new(m.Confidence)
	}
	q := face.Quality{Score: 1, Parts: parts, Reasons: []face.QualityReason{}}
	known := judged(parts, m.Brightness)
	slices.SortStableFunc(known, func(a, b judgement) int { return cmp.Compare(a.part, b.part) })
	for _, j := range known {
		q.Score *= math.Pow(j.part, j.weight)
		if j.part < good {
			q.Reasons = append(q.Reasons, j.reason)
		}
	}
	return q
}

// judgement is a part, its exponent in the score, and what is wrong where it is
// low.
type judgement struct {
	part, weight float64
	reason       face.QualityReason
}

// lightWeight is the exponent of brightness and of contrast: what is too dark lacks
// both, and is to count once.
const lightWeight = 0.5

// judged lists the parts that are known.
func judged(p face.QualityParts, light float64) []judgement {
	exposure := face.TooDark
	if light > 0.5 {
		exposure = face.TooBright
	}
	known := []judgement{
		{p.Size, 1, face.FewPixels}, {p.Sharpness, 1, face.NoDetail},
		{p.Brightness, lightWeight, exposure}, {p.Contrast, lightWeight, face.NoContrast},
	}
	for _, maybe := range []struct {
		part   *float64
		reason face.QualityReason
	}{{p.Pose, face.TurnedAway}, {p.Alignment, face.Misaligned}, {p.Confidence, face.DoubtedFace}} {
		if maybe.part != nil {
			known = append(known, judgement{*maybe.part, 1, maybe.reason})
		}
	}
	return known
}

// brightness is OFIQ's mapping of the luminance's mean (Luminance.cpp): near 1 from
// 0.35 to 0.65, a half at 0.2 and 0.8.
func brightness(mean float64) float64 {
	return sigmoid(mean, 0.2, 0.05) * (1 - sigmoid(mean, 0.8, 0.05))
}

// sigmoid is OFIQ's: a half at middle, and the steeper the smaller width is.
func sigmoid(x, middle, width float64) float64 { return 1 / (1 + math.Exp((middle-x)/width)) }

// contrast is OFIQ's mapping of the luminance's variance (Luminance.cpp), up to where
// it is 1.
func contrast(deviation float64) float64 {
	v := min(mostVariance, deviation*deviation) / mostVariance
	return math.Sin(v / (v + 1) * math.Pi)
}

// facing is OFIQ's mapping of an angle in degrees (HeadPose.cpp), but that a head
// turned by more than a quarter of a circle is not seen.
func facing(degrees float64) float64 {
	c := max(0, math.Cos(degrees*math.Pi/180))
	return c * c
}
