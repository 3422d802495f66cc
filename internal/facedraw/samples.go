package facedraw

import (
	"fmt"
	"image"
)

// Sample is one person of a sample gallery, with the views that are enrolled
// and those that are probes. No picture is drawn before it is asked for.
type Sample struct {
	Name     string // "sample-01" and so on
	Person   Person
	Enrolled []View
	Probes   []View
}

// SampleSize is the side of the sample gallery's pictures, in pixels.
const SampleSize = 480

// Samples returns n people with so many enrolled and probe views each, all
// different. The same numbers always give the same people and views; a larger n
// only adds people.
func Samples(n, enrolled, probes int) []Sample {
	out := make([]Sample, n)
	for i := range out {
		seed := uint64(i + 1)
		s := Sample{Name: fmt.Sprintf("sample-%02d", seed), Person: NewPerson(seed)}
		for k := range enrolled {
			s.Enrolled = append(s.Enrolled, NewView(seed*viewsPerPerson+uint64(k)))
		}
		for k := range probes {
			s.Probes = append(s.Probes, NewView(seed*viewsPerPerson+probeOffset+uint64(k)))
		}
		out[i] = s
	}
	return out
}

// Views are numbered per person: enrolled ones from 0, probes from probeOffset.
const (
	viewsPerPerson = 1000
	probeOffset    = 500
)

// Draw renders one of the sample's views at SampleSize.
func (s Sample) Draw(v View) *image.RGBA { return s.Person.Render(v, SampleSize) }
