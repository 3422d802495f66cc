package search

import "github.com/visagedb/visage/internal/face"

// Match is one candidate as Find returns it.
type Match struct {
	face.Candidate
	// Templates is, for rows by ByIdentity, of how many templates Distance is the
	// mean; the candidate is the nearest of them.
	Templates  int     `json:"templates,omitempty"`
	Distance   float64 `json:"distance"`   // exact, by the metric asked for
	Threshold  float64 `json:"threshold"`  // in the same metric
	Confidence float64 `json:"confidence"` // for display; see Confidence
	// Decision is Matched for the templates within the threshold of the identity
	// that was decided for, Ambiguous for those within it where nobody was, and
	// Unknown for all others.
	Decision Decision `json:"decision"`
}

// Subject says whose face the match is.
func (m Match) Subject() Subject { return subjectOf(m.Candidate) }

// Probe is what Find says of one probe as a whole.
type Probe struct {
	// Image names the photograph where a caller searches for the faces of
	// several; Find leaves it empty.
	Image     string         `json:"image,omitempty"`
	Detection face.Detection `json:"detection"`
	Decision  Decision       `json:"decision"`
	// Identity is the name decided for; empty unless Decision is Matched, and
	// where the matching face belongs to no identity.
	Identity string `json:"identity"`
	// Liveness is the JSON's is_real and antispoof_score, which are absent where nobody
	// asked for them.
	*face.Liveness
}

// How says how a search was done, over all its probes.
type How struct {
	face.Plan
	Gallery         string       `json:"gallery"`
	Filter          *face.Filter `json:"filter,omitempty"` // nil for everything
	By              By           `json:"by"`
	Top             int          `json:"top,omitempty"` // 0 for rows by ByFace
	Model           string       `json:"model"`
	Detector        string       `json:"detector"`
	Space           string       `json:"space"`
	Metric          face.Metric  `json:"metric"`
	Threshold       float64      `json:"threshold"`
	ThresholdSource string       `json:"threshold_source"`
}

// FindResult is the answer of Find.
type FindResult struct {
	// Results has one list per probe: its K nearest candidates or identities,
	// nearest first, equal distances by face id.
	Results [][]Match `json:"results"`
	Probes  []Probe   `json:"probes"` // in the order of Results
	Search  How       `json:"search"`
	// Spoofs are faces that were not searched for; Find leaves them to callers that
	// ask for live faces alone.
	Spoofs []Spoof `json:"spoofs,omitempty"`
}

func newFindResult(space face.Space, opts FindOptions) FindResult {
	result := FindResult{
		Results: [][]Match{},
		Probes:  []Probe{},
		Search: How{
			Gallery:         opts.Gallery,
			By:              opts.By,
			Model:           space.Recognizer,
			Detector:        opts.Detector,
			Space:           space.Name(),
			Metric:          opts.Metric,
			Threshold:       opts.Threshold.Distance,
			ThresholdSource: opts.Threshold.Source,
		},
	}
	if !opts.Filter.Empty() {
		result.Search.Filter = &opts.Filter
	}
	if opts.By == ByIdentity {
		result.Search.Top = opts.Top
	}
	return result
}

// add decides one probe and appends it.
func (r *FindResult) add(probe face.Template, ranked []Match, plan face.Plan, opts FindOptions) {
	decision := Decide(ranked, opts.Threshold)
	matches := ranked[:min(opts.K, len(ranked))]
	for i := range matches {
		m := &matches[i]
		m.Threshold = opts.Threshold.Distance
		m.Confidence = Confidence(opts.Threshold, m.Distance)
		m.Decision = Unknown
		if within(opts.Threshold, m.Distance) && (decision != Matched || m.Subject() == ranked[0].Subject()) {
			m.Decision = decision
		}
	}
	found := Probe{Detection: probe.Detection, Decision: decision, Liveness: probe.Measures.Liveness}
	if decision == Matched {
		found.Identity = ranked[0].Identity
	}
	r.Search.Plan = weaker(r.Search.Plan, plan, len(r.Probes))
	r.Results = append(r.Results, matches)
	r.Probes = append(r.Probes, found)
}

// weaker joins the plan of a search's earlier probes with that of one more, so
// that the whole promises no more than its least complete part.
func weaker(all, next face.Plan, earlier int) face.Plan {
	if earlier == 0 {
		return next
	}
	if next.Plan != face.PlanExact {
		all.Plan = next.Plan
	}
	all.EfSearch = max(all.EfSearch, next.EfSearch)
	all.Rows = max(all.Rows, next.Rows)
	switch { // a complete part misses nothing; 0 is not known, which is the weakest
	case all.Complete:
		all.EstimatedRecall = next.EstimatedRecall
	case !next.Complete:
		all.EstimatedRecall = min(all.EstimatedRecall, next.EstimatedRecall)
	}
	all.Complete = all.Complete && next.Complete
	all.Position = earliest(all.Position, next.Position)
	all.Lag = max(all.Lag, next.Lag)
	return all
}

// earliest is the lower of two positions of which 0 is none.
func earliest(a, b face.Position) face.Position {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}
