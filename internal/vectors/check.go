package vectors

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/visagedb/visage/internal/face"
)

const (
	// longestIdentity and longestImage are in bytes: the schema's bound for a
	// name, and Linux's for a path.
	longestIdentity = 1024
	longestImage    = 4096
	// unitTolerance is how far from 1 the schema lets the length of a template
	// be in a space of length 1.
	unitTolerance = 1e-3
	// The index holds templates in half precision (IEEE 754 binary16): from
	// halfOverflow on a component rounds to infinity, up to halfUnderflow to 0.
	halfOverflow  = 65520
	halfUnderflow = 1.0 / (1 << 25)
)

// check returns what keeps a record out of the space, and scales its template
// where that is wanted.
func (c Config) check(r *face.Record) error {
	if err := checkText("identity", r.Identity, longestIdentity); err != nil {
		return err
	}
	if err := checkText("image", r.Image, longestImage); err != nil {
		return err
	}
	if len(r.Vector) != c.Space.Dim {
		return badRow{face.Errorf(face.Mismatch, "the embedding has %d components, but space %s has %d", len(r.Vector), c.Space.Name(), c.Space.Dim)}
	}
	sum, largest := 0.0, 0.0
	for _, component := range r.Vector {
		v := float64(component)
		sum += v * v
		largest = max(largest, math.Abs(v))
	}
	if !(sum <= math.MaxFloat64) { // NaN or infinity, which float32s cannot add up to
		return notFinite(r.Vector)
	}
	length := math.Sqrt(sum)
	switch {
	case length == 0:
		return bad("the embedding is zero: it has no direction to compare")
	case c.Normalize:
		scale(r.Vector, 1/length)
		return nil
	case c.Space.Unit && math.Abs(length-1) > unitTolerance:
		return bad("the embedding has length %g, but space %s takes length 1: let it be normalised if only its direction counts", length, c.Space.Name())
	case largest >= halfOverflow:
		return bad("a component of %g is beyond half precision, in which the index holds embeddings", largest)
	case largest <= halfUnderflow:
		return bad("the embedding is zero in half precision, in which the index holds it: its largest component is %g", largest)
	default:
		return nil
	}
}

func scale(v []float32, by float64) {
	for i, c := range v {
		v[i] = float32(float64(c) * by)
	}
}

// notFinite names the first component that is no number.
func notFinite(v []float32) error {
	for i, c := range v {
		if c != c {
			return bad("component %d of the embedding is NaN", i)
		}
		if math.IsInf(float64(c), 0) {
			return bad("component %d of the embedding is infinite, or too large for float32", i)
		}
	}
	return bad("the embedding has no length")
}

func checkText(what, text string, longest int) error {
	switch {
	case len(text) > longest:
		return bad("the %s has %d bytes, the limit is %d", what, len(text), longest)
	case !utf8.ValidString(text):
		return bad("the %s %q is not UTF-8", what, face.Readable(text))
	case strings.IndexByte(text, 0) >= 0:
		return bad("the %s %q holds a zero byte", what, face.Readable(text))
	default:
		return nil
	}
}
