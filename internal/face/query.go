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
}

// Plan says how a search was done, so that a short answer is never a silent
// one.
type Plan struct {
	Plan     string `json:"plan"` // "exact" or "hnsw"
	EfSearch int    `json:"ef_search,omitempty"`
	// Rows is how many templates of the gallery's space pass the filter; for
	// hnsw an estimate, which leaves the filter out of account.
	Rows     int64 `json:"rows"`
	Complete bool  `json:"complete"` // every template that passes the filter was compared
}

// The plans.
const (
	PlanExact = "exact"
	PlanHNSW  = "hnsw"
)

// Answer is what a gallery says of one probe.
type Answer struct {
	Candidates []Candidate // nearest first
	Plan       Plan
}
