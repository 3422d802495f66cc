package main

import (
	"maps"
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

// stormProbes is how many are compared at the end: 10,000 where VISAGE_TEST_STORM says
// how long the storm is.
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
	r := rand.New(rand.NewPCG(5, 5))
	var all, missed, byIndex int
	for n := range stormProbes() {
		q := face.Query{Gallery: "synthetic", Space: space, Probe: direction(r), Metric: face.Cosine, Limit: agreementCandidates}
		if f, there := s.pick(r); there && n%2 == 0 {
			q.Probe = f.vector
		}
		if n%5 == 4 {
			s.agreeAbout(q.Probe, r)
			continue
		}
		exact, held := s.ids(q.Probe, true), s.ids(q.Probe, false)
		through, err := db.NearestAt(s.Context(), q, fullEffort)
		if err != nil {
			s.Fatal(err)
		}
		all += len(exact)
		missed += lacking(exact, held)
		byIndex += lacking(exact, idsOf(through))
	}
	s.Logf("of %d candidates the search in memory misses %d, the index %d", all, missed, byIndex)
	if float64(missed) > mostMissedInMemory*float64(all) || float64(byIndex) > mostMissedByIndex*float64(all) {
		s.Error("the searches do not agree")
	}
}

// agreeAbout compares what is found of one person, who has fewer faces than are asked
// for: in memory and exactly they are all.
func (s *storm) agreeAbout(probe []float32, r *rand.Rand) {
	s.Helper()
	p, ok := s.known(r)
	if !ok {
		s.Fatal("nobody was made")
	}
	of := map[string]any{"identities": []string{p.name}}
	exact, held := s.ids(probe, true, of), s.ids(probe, false, of)
	if lacking(exact, held)+lacking(held, exact) > 0 && len(exact) < agreementCandidates {
		s.Errorf("of %s there are %v, found in memory are %v", p.name, exact, held)
	}
}

// lacking is how many of some ids others are not.
func lacking(ids, others map[string]bool) (n int) {
	for id := range ids {
		if !others[id] {
			n++
		}
	}
	return n
}

func idsOf(list []face.Candidate) map[string]bool {
	ids := map[string]bool{}
	for _, c := range list {
		ids[c.FaceID] = true
	}
	return ids
}

// inStep waits until searches in memory know of a position.
func (s *storm) inStep(position string) {
	s.Helper()
	probe := direction(rand.New(rand.NewPCG(9, 9)))
	for end := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if found := s.find(map[string]any{"embedding": probe, "min_lsn": position}); found.Search.Plan.Plan == face.PlanResident {
			return
		}
		if time.Now().After(end) {
			s.Fatalf("never searched in memory again: %s", &s.program.errOut)
		}
	}
}

// find searches by some fields, and those that all searches have.
func (s *storm) find(fields map[string]any) (found search.FindResult) {
	s.Helper()
	maps.Copy(fields, map[string]any{"space": s.space, "threshold": 0.5, "k": agreementCandidates})
	if status, _, ok := s.ask(s.Context(), "POST", "/v1/galleries/synthetic/search", fields, &found); !ok || status != http.StatusOK {
		s.Fatalf("searching is answered %d", status)
	}
	return found
}

// ids are the faces that a search finds, among those that a filter lets pass.
func (s *storm) ids(probe []float32, exact bool, filter ...map[string]any) map[string]bool {
	s.Helper()
	fields := map[string]any{"embedding": probe, "exact": exact}
	if len(filter) > 0 {
		fields["filter"] = filter[0]
	}
	found := s.find(fields)
	if plan := found.Search.Plan.Plan; exact != (plan == face.PlanExact) || !exact && plan != face.PlanResident {
		s.Errorf("searched by %s", plan)
	}
	ids := map[string]bool{}
	for _, m := range found.Results[0] {
		ids[m.FaceID] = true
	}
	return ids
}
