package search

import "github.com/visagedb/visage/internal/face"

// Decision is the answer for one probe in open-set identification, where the
// probe may belong to nobody enrolled.
type Decision string

// The decisions.
const (
	Matched   Decision = "match"     // the best candidate is within the threshold and stands alone
	Ambiguous Decision = "ambiguous" // two identities are within the threshold and too close to tell apart
	Unknown   Decision = "unknown"   // nobody is within the threshold
)

// AmbiguousRatio is how close the best candidate of a second identity may come:
// above this ratio of best to runner-up the probe is Ambiguous. The ratio is
// that of squared Euclidean distances. For cosine, euclidean_l2 and angular
// this is the ratio of the cosine distances, so that the decision does not
// depend on which of them was asked for.
//
// The test is that of D. Lowe, "Distinctive image features from scale-invariant
// keypoints", IJCV 60(2), 2004, section 7.1, who accepted ratios up to 0.8 of
// the Euclidean distance (0.64 of its square) because there it is the only
// test. Here the runner-up must be within the threshold too, which a stranger
// seldom is, so only what is nearly level is withheld: a tenth of the distance
// is less than what another photograph of the same person commonly changes.
const AmbiguousRatio = 0.9

// Subject says whose face a candidate is: the identity's or, where it belongs
// to none, that of the photograph alone. Subjects compare with ==.
type Subject struct {
	Identity string
	Image    string // empty where Identity is set
}

func subjectOf(c face.Candidate) Subject {
	if c.Identity != "" {
		return Subject{Identity: c.Identity}
	}
	return Subject{Image: c.Image}
}

// within says whether a distance, in the threshold's metric, is that of one
// person's faces. The threshold itself is, as in DeepFace.
func within(t face.Threshold, distance float64) bool { return distance <= t.Distance }

// Decide gives the decision for one probe from its candidates, nearest first.
// A candidate is within the threshold where its distance is at most the
// threshold's. The threshold must be in the metric of the distances.
func Decide(ranked []Match, t face.Threshold) Decision {
	if len(ranked) == 0 || !within(t, ranked[0].Distance) {
		return Unknown
	}
	best := ranked[0]
	second, found := runnerUp(ranked)
	if !found || !within(t, second.Distance) {
		return Matched
	}
	near, far := squared(t.Metric, best.Distance), squared(t.Metric, second.Distance)
	if near > AmbiguousRatio*far || near == far {
		return Ambiguous
	}
	return Matched
}

// runnerUp returns the nearest candidate of another subject than the first's.
func runnerUp(ranked []Match) (Match, bool) {
	for _, m := range ranked[1:] {
		if m.Subject() != ranked[0].Subject() {
			return m, true
		}
	}
	return Match{}, false
}
