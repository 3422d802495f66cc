package resident

import (
	"math"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search/resident/internal/kernel"
)

// coder makes codes of the templates of one space.
type coder struct {
	space    face.Space
	mean     []float32 // of templates of length 1; nil for none
	rotation rotation
}

// code is what is kept of a template: the signs and, in bytes, the components of its
// direction less the mean, turned.
type code struct {
	bits  []uint64 // the sign of component i is bit i%64 of word i/64
	bytes []int8   // components in steps of scale
	scale float32
	// radius is the length of the direction less the mean: 1 without a mean. norm is
	// the length of the template.
	radius, norm float32
}

// mostByte is the largest component in bytes: -128 would have no counterpart.
const mostByte = 127

func (c coder) words() int { return c.rotation.size / 64 }

// turned returns the direction of a template, less the mean and turned, the length of
// that and the template's length. It returns Mismatch for a template of another
// dimension and Invalid for one that is zero or not finite.
func (c coder) turned(v []float32) (turned []float32, radius, norm float64, err error) {
	if len(v) != c.space.Dim {
		return nil, 0, 0, face.Errorf(face.Mismatch, "a template of %d components is not one of %s, which has %d", len(v), c.space.Name(), c.space.Dim)
	}
	norm = length(v)
	if norm == 0 || math.IsNaN(norm) || math.IsInf(norm, 0) {
		return nil, 0, 0, face.Errorf(face.Invalid, "a template that is zero or holds NaN or an infinity has no direction: embed the face anew")
	}
	turned = make([]float32, c.rotation.size)
	for i, x := range v {
		turned[i] = float32(float64(x) / norm)
	}
	for i, m := range c.mean {
		turned[i] -= m
	}
	radius = length(turned)
	c.rotation.turn(turned)
	return turned, radius, norm, nil
}

func length(v []float32) float64 {
	square := 0.0
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	return math.Sqrt(square)
}

// encode makes the code of a template, or returns turned's errors.
func (c coder) encode(v []float32) (code, error) {
	turned, radius, norm, err := c.turned(v)
	if err != nil {
		return code{}, err
	}
	made := code{
		bits: signs(turned), bytes: make([]int8, len(turned)), scale: step(turned, mostByte),
		radius: float32(radius), norm: float32(min(norm, math.MaxFloat32)),
	}
	for i, x := range turned {
		made.bytes[i] = int8(math.Round(float64(x / made.scale)))
	}
	return made, nil
}

// probe is what is searched for.
type probe struct {
	bits   []uint64
	levels []int16 // components in steps of scale, finer than those of a code
	scale  float32
	radius float64
	norm   float64
}

// probe makes a probe of a template, or returns turned's errors.
func (c coder) probe(v []float32) (probe, error) {
	turned, radius, norm, err := c.turned(v)
	if err != nil {
		return probe{}, err
	}
	made := probe{bits: signs(turned), levels: make([]int16, len(turned)), scale: step(turned, kernel.MostProbe), radius: radius, norm: norm}
	for i, x := range turned {
		made.levels[i] = int16(math.Round(float64(x / made.scale)))
	}
	return made, nil
}

// signs are the bits of a vector: those of the components above zero are 1.
func signs(v []float32) []uint64 {
	words := make([]uint64, len(v)/64)
	for i, x := range v {
		if x > 0 {
			words[i/64] |= 1 << (i % 64)
		}
	}
	return words
}

// step is by how much components differ that are next to each other among the given
// number on each side of zero.
func step(v []float32, most float32) float32 {
	largest := float32(0)
	for _, x := range v {
		largest = max(largest, x, -x)
	}
	if largest/most == 0 { // the template is the mean
		return 1
	}
	return largest / most
}

// cosine is the cosine of a template and the probe from the scalar product of what
// both are less the mean, and the length of that of the template. With directions u
// and p and their lengths r and s less the mean, |u-p|^2 is r^2 + s^2 - 2 product as
// well as 2 - 2 cosine.
func (p probe) cosine(product, radius float64) float64 {
	return product + 1 - (radius*radius+p.radius*p.radius)/2
}

// squared is the squared Euclidean distance of a template of the given length and
// cosine from the probe.
func (p probe) squared(cosine, norm float64) float64 {
	return max(0, p.norm*p.norm+norm*norm-2*p.norm*norm*cosine)
}
