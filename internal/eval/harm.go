package eval

import (
	"github.com/visagedb/visage/internal/face"
)

// harmCount counts what becomes of photographs by what was done to them.
type harmCount map[face.HarmKind]*harmed

type harmed struct {
	versions, failed, comparisons, missed int
	quality                               float64 // sum
}

// newHarmCount counts the versions of photographs.
func newHarmCount(photos map[string][]version) harmCount {
	count := harmCount{}
	for _, kind := range kinds() {
		count[kind] = &harmed{}
	}
	for _, all := range photos {
		for _, v := range all {
			h := count[v.kind]
			if v.failure != nil {
				h.failed++
				continue
			}
			h.versions++
			h.quality += score(v)
		}
	}
	return count
}

// compared counts a comparison of which at least one side is as it is, for the
// other.
func (c harmCount) compared(a, b face.HarmKind, missed bool) {
	if a == asItIs {
		a, b = b, a
	}
	if b != asItIs {
		return
	}
	c[a].comparisons++
	if missed {
		c[a].missed++
	}
}

// outcomes lists the counts, those of photographs as they are first.
func (c harmCount) outcomes() []HarmOutcome {
	var list []HarmOutcome
	for _, kind := range kinds() {
		h := c[kind]
		list = append(list, HarmOutcome{
			Kind: kind, Versions: h.versions, Failed: h.failed, MeanQuality: ratio(h.quality, h.versions),
			Comparisons: h.comparisons, FNMR: ratio(float64(h.missed), h.comparisons),
		})
	}
	return list
}

// ratio is nil where it is of nothing.
func ratio(sum float64, of int) *float64 {
	if of == 0 {
		return nil
	}
	share := sum / float64(of)
	return &share
}

// kinds are all that may have been done to a photograph, nothing first.
func kinds() []face.HarmKind { return append([]face.HarmKind{asItIs}, face.Harms()...) }
