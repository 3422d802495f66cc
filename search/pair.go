package search

import (
	"cmp"
	"slices"

	"github.com/visagedb/visage/internal/face"
)

// Pair is one face of the first photograph compared with one of the second.
type Pair struct {
	Face1      int     `json:"face1"` // index among the first photograph's templates, from 0
	Face2      int     `json:"face2"` // index among the second photograph's
	Distance   float64 `json:"distance"`
	Verified   bool    `json:"verified"`
	Confidence float64 `json:"confidence"`
}

// maxPairs is how many pairs of faces Verify compares at most: those of two
// photographs with 1,000 faces each take 50 MB.
const maxPairs = 1_000_000

// comparePairs compares every template of one photograph with every one of the
// other, by the threshold's metric.
func comparePairs(as, bs []face.Template, t face.Threshold) ([]Pair, error) {
	if len(as) > maxPairs/len(bs) {
		return nil, face.Errorf(face.TooLarge, "%d faces against %d: at most %d pairs are compared, search a gallery for more", len(as), len(bs), maxPairs)
	}
	pairs := make([]Pair, 0, len(as)*len(bs))
	for i, a := range as {
		for j, b := range bs {
			d, err := Distance(t.Metric, a.Vector, b.Vector)
			if err != nil {
				return nil, face.Wrap(face.CodeOf(err), err, "face %d of photograph 1 against face %d of photograph 2", i+1, j+1)
			}
			pairs = append(pairs, Pair{Face1: i, Face2: j, Distance: d, Verified: within(t, d), Confidence: Confidence(t, d)})
		}
	}
	return pairs, nil
}

// closest returns the pair with the smallest distance, the first of equals.
func closest(pairs []Pair) Pair {
	return slices.MinFunc(pairs, func(a, b Pair) int { return cmp.Compare(a.Distance, b.Distance) })
}
