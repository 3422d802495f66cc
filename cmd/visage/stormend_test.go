package main

import (
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

// fullEffort is the ef_search at which an index of some thousand templates finds all.
const fullEffort = 1000

// The share of the nearest ten, impostors of about the same distance among them, that
// two searches for them may not have in common at the most.
const (
	mostMissedInMemory  = 0.002
	mostMissedByIndex   = 0.005
	agreementCandidates = 10
)

// stormProbes is how many are compared at the end: 10,000 where VISAGE_TEST_STORM asks
// for more than a short storm.
func stormProbes() int {
	if os.Getenv("VISAGE_TEST_STORM") == "" {
		return 500
	}
	return 10_000
}

// agree compares what is found in memory, through the index and exactly, for templates
// that are enrolled and others, among all and among the faces of one identity.
func (s *storm) agree() {
	s.Helper()
	db, err := postgres.Open(s.Context(), postgres.Config{URL: s.database, MaxConns: 2})
	if err != nil {
		s.Fatal(err)
	}
	defer db.Close()
	space, err := db.Space(s.Context(), s.space)
	if err != nil {
		s.Fatal(err)
	}
	at, err := db.CurrentPosition(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.inStep(at.String())
	r, probes := rand.New(rand.NewPCG(5, 5)), stormProbes()
	var all, missed, byIndex float64
	for n := range probes {
		q := face.Query{Gallery: "synthetic", Space: space, Probe: direction(r), Metric: face.Cosine, Limit: agreementCandidates}
		if f, there := s.pick(r); there && n%2 == 0 {
			q.Probe = f.vector
		}
		exact, held := s.ids(q.Probe, true, ""), s.ids(q.Probe, false, at.String())
		through, err := db.NearestAt(s.Context(), q, fullEffort)
		if err != nil {
			s.Fatal(err)
		}
		known := map[string]bool{}
		for _, c := range through {
			known[c.FaceID] = true
		}
		for id := range exact {
			all++
			if !held[id] {
				missed++
			}
			if !known[id] {
				byIndex++
			}
		}
	}
	s.Logf("%d probes: of %.0f candidates the search in memory misses %.0f, the index %.0f", probes, all, missed, byIndex)
	if all < float64(probes*agreementCandidates) || missed > mostMissedInMemory*all || byIndex > mostMissedByIndex*all {
		s.Error("the searches do not agree")
	}
}

// inStep waits until searches in memory know of a position.
func (s *storm) inStep(position string) {
	s.Helper()
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if found := s.find(make([]float32, 0), false, position); found.Search.Plan.Plan == face.PlanResident {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("never searched in memory again: %s", &s.program.errOut)
		}
	}
}

// find searches; without a probe for any direction.
func (s *storm) find(probe []float32, exact bool, position string) (found search.FindResult) {
	s.Helper()
	if len(probe) == 0 {
		probe = direction(rand.New(rand.NewPCG(9, 9)))
	}
	ask := map[string]any{"embedding": probe, "space": s.space, "threshold": 0.5, "k": agreementCandidates, "exact": exact, "min_lsn": position}
	if status, _, ok := s.ask(s.Context(), "POST", "/v1/galleries/synthetic/search", ask, &found); !ok || status != http.StatusOK {
		s.Fatalf("searching is answered %d", status)
	}
	return found
}

// ids are the faces that a search finds.
func (s *storm) ids(probe []float32, exact bool, position string) map[string]bool {
	s.Helper()
	found := s.find(probe, exact, position)
	if plan := found.Search.Plan.Plan; exact != (plan == face.PlanExact) || !exact && plan != face.PlanResident {
		s.Errorf("searched by %s", plan)
	}
	ids := map[string]bool{}
	for _, m := range found.Results[0] {
		ids[m.FaceID] = true
	}
	return ids
}
