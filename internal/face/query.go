package face

// MostCandidates is up to how many candidates every gallery gives for a probe.
// A list of so many is for programs; the figure bounds what one request takes
// of a database's memory: 80 MB of templates of 2,000 dimensions.
const MostCandidates = 10_000

// Query asks a gallery for the templates nearest to a probe.
type Query struct {
	Gallery string
	Space   Space
	Probe   []float32 // Space.Dim components
	Metric  Metric
	Filter  Filter
	Limit   int  // how many candidates, at least 1
	Exact   bool // compare with every template that passes the filter, whatever it costs
	// MinRecall is how many of the probe's mates (templates of the same identity)
	// that an exact search returns this one shall return, as a share from 0 to 1. It
	// counts where the index was measured; see RecallCurve. 1 is an exact search.
	// Defaults to DefaultMinRecall.
	MinRecall float64
	// Least is a position that what is searched must have reached, so that a caller
	// finds what it wrote; the database itself has reached all. Defaults to any.
	Least Position
}

// DefaultMinRecall is the recall that is asked for where nobody says.
const DefaultMinRecall = 0.99

// Plan says how a search was done, so that a short answer is never a silent
// one.
type Plan struct {
	Plan     string `json:"plan"` // "exact", "hnsw" or "resident"
	EfSearch int    `json:"ef_search,omitempty"`
	// Rows is how many templates of the gallery's space pass the filter; for
	// hnsw an estimate, which leaves the filter out of account, as resident does.
	Rows int64 `json:"rows"`
	// EstimatedRecall is the share of the mates that is expected to be found of those
	// that an exact search returns, as it was measured; see RecallCurve. It is 0 where
	// that is unknown, under a filter, and where the search is complete, which misses
	// none.
	EstimatedRecall float64 `json:"estimated_recall,omitempty"`
	Complete        bool    `json:"complete"` // every template that passes the filter was compared
	// Position is up to where the copy in memory that was searched follows the
	// database, and Lag how many seconds ago that stood there at the latest. Both are
	// of resident only.
	Position Position `json:"position,omitempty"`
	Lag      float64  `json:"lag,omitempty"`
}

// The plans.
const (
	PlanExact    = "exact"
	PlanHNSW     = "hnsw"
	PlanResident = "resident" // codes in memory, then exact distances of the candidates
)

// Answer is what a gallery says of one probe.
type Answer struct {
	Candidates []Candidate // nearest first
	Plan       Plan
}
