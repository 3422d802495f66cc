package face

// Query asks a gallery for the templates nearest to a probe.
type Query struct {
	Gallery string
	Space   Space
	Probe   []float32 // Space.Dim components
	Metric  Metric
	Limit   int  // how many candidates, at least 1
	Exact   bool // compare with every template, whatever it costs
}

// Plan says how a search was done, so that a short answer is never a silent
// one.
type Plan struct {
	Plan     string `json:"plan"` // "exact" or "hnsw"
	EfSearch int    `json:"ef_search,omitempty"`
	Rows     int64  `json:"rows"`     // templates in the gallery's space; estimated for hnsw
	Complete bool   `json:"complete"` // every template was compared
}

// The plans.
const (
	PlanExact = "exact"
	PlanHNSW  = "hnsw"
)
