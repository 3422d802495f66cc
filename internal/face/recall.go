package face

import (
	"math"
	"time"
)

// RecallCurve is how much of an exact search's answers an index returns, by
// ef_search, the number of nodes that a search keeps. It holds for one space and the
// index of one metric, and was measured with stored templates as probes.
type RecallCurve struct {
	Metric     Metric        `json:"metric"` // of the index: cosine, or euclidean
	K          int           `json:"k"`      // how many of the nearest were compared
	Probes     int           `json:"probes"`
	Rows       int64         `json:"rows"` // templates of the space at that time
	State      string        `json:"-"`    // IndexState.Mark at that time
	MeasuredAt time.Time     `json:"measured_at"`
	Points     []RecallPoint `json:"points"` // by ascending ef_search
}

// RecallPoint is one ef_search of a curve.
type RecallPoint struct {
	EfSearch int     `json:"ef_search"`
	Recall   float64 `json:"recall"` // share of the K nearest, 0 to 1
	// MateRecall is the share of the mates, of those that the exact search returned
	// within the threshold; nil where fewer than half of the probes had any.
	MateRecall *float64 `json:"mate_recall,omitempty"`
	// Promise is what the share of the mates, or else of the nearest, is at least,
	// with a confidence of 95 %: the lower end of an interval about what was measured.
	Promise float64 `json:"promise"`
}

// Estimate is the share of the mates that may be expected, or else of the nearest, as
// it was measured: the true one may be above it or below.
func (p RecallPoint) Estimate() float64 {
	if p.MateRecall != nil {
		return *p.MateRecall
	}
	return p.Recall
}

// Keeps returns the smallest ef_search that promises a recall, 0 for none.
func (c RecallCurve) Keeps(minRecall float64) int {
	for _, p := range c.Points {
		if p.Promise >= minRecall {
			return p.EfSearch
		}
	}
	return 0
}

// Stale says whether the space has grown to more than twice the templates that the
// curve was measured on, so that it promises too much.
func (c RecallCurve) Stale(rows int64) bool { return 2*c.Rows < rows }

// IndexState is what an index is like at a time.
type IndexState struct {
	Rows int64  // templates of the space
	Mark string // another one once the index was built anew or vacuumed
}

// MeasuredIndex is an index that searches go through, and what is known of its recall.
type MeasuredIndex struct {
	Space  Space
	Metric Metric // of the index: cosine, or euclidean
	IndexState
	Recall RecallCurve // without points where nothing was measured
}

// CheckRecall returns Invalid for a share that is not from 0 to 1.
func CheckRecall(share float64) error {
	if math.IsNaN(share) || share < 0 || share > 1 {
		return Errorf(Invalid, "a recall of %g: it is a share, from 0 to 1", share)
	}
	return nil
}
