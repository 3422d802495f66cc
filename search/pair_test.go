package search_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Two faces against three: six pairs, each decided for itself, one of which is
// the answer.
func TestVerifyAllPairs(t *testing.T) {
	t.Parallel()
	a, b := photo(at(90), at(20)), photo(at(170), at(25), at(75))
	opts := search.VerifyOptions{Threshold: half, AllPairs: true}
	got, err := search.Verify(a, b, opts)
	if err != nil || len(got.Pairs) != 6 {
		t.Fatalf("%d pairs (%v), want 6", len(got.Pairs), err)
	}
	verified := []bool{false, false, true, false, true, true} // 80, 65, 15, 150, 5 and 55 degrees
	for i, p := range got.Pairs {
		if p.Face1 != i/3 || p.Face2 != i%3 {
			t.Errorf("pair %d is of the faces %d and %d", i, p.Face1, p.Face2)
		}
		alone, err := search.Verify(photo(a.Templates[p.Face1]), photo(b.Templates[p.Face2]), search.VerifyOptions{Threshold: half})
		if err != nil || p.Distance != alone.Distance || p.Verified != alone.Verified || p.Confidence != alone.Confidence || p.Verified != verified[i] {
			t.Errorf("pair %+v, alone %+v (%v), want verified %t", p, alone, err, verified[i])
		}
	}
	if best := got.Pairs[4]; got.Distance != best.Distance || got.Verified != best.Verified || got.Confidence != best.Confidence {
		t.Errorf("answer %+v, want that of pair %+v", got, best)
	}
	opts.AllPairs = false
	unasked, err := search.Verify(a, b, opts)
	if err != nil || unasked.Distance != got.Distance || unasked.Pairs != nil {
		t.Errorf("without being asked: %+v (%v), want the same answer and no pairs", unasked, err)
	}
}

func TestVerifyAllPairsJSON(t *testing.T) {
	t.Parallel()
	got, err := search.Verify(photo(at(0), at(180)), photo(at(0)), search.VerifyOptions{Threshold: half, AllPairs: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	const want = `,"pairs":[{"face1":0,"face2":0,"distance":0,"verified":true,"confidence":100},` +
		`{"face1":1,"face2":0,"distance":2,"verified":false,"confidence":0}]}`
	if err != nil || !strings.HasSuffix(string(text), want) {
		t.Errorf("JSON %s (%v), want it to end with %s", text, err, want)
	}
}

// The memory that pairs take is bounded.
func TestVerifyRefusesCrowds(t *testing.T) {
	t.Parallel()
	crowd := photo(at(10))
	for len(crowd.Templates) < 1001 {
		crowd.Templates = append(crowd.Templates, crowd.Templates[0])
	}
	if _, err := search.Verify(crowd, crowd, search.VerifyOptions{Threshold: half}); face.CodeOf(err) != face.TooLarge {
		t.Errorf("1001 faces against as many: %v", err)
	}
	fewer := crowd
	fewer.Templates = crowd.Templates[:999]
	if _, err := search.Verify(crowd, fewer, search.VerifyOptions{Threshold: half}); err != nil {
		t.Errorf("1001 faces against 999: %v", err)
	}
}
