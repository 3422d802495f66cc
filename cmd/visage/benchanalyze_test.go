package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/bench"
)

// The attributes of real faces are measured beside the networks, one face at a time
// and in batches; a batch that is never full is left out.
func TestBenchAnalyze(t *testing.T) {
	t.Parallel()
	v, photos := analyzingFlags(t), filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "groups")
	results := answer[bench.Report](v, "bench", "analyze", "--photos", photos, "--rounds", "1", "--batch", "1,3,64").Results
	if len(results) != 2 || results[0].Name != "analyze.all" || results[1].Name != "analyze.all.batch3" {
		t.Fatalf("got %+v", results)
	}
	for _, r := range results {
		if !(r.Value > 0) || !(r.Reference > 0) || !(r.Ratio > 0) || !strings.Contains(r.Notes, "FaceApi_AgeGender") {
			t.Errorf("got %+v", r)
		}
	}
	for want, args := range map[string][]string{
		"--photos": nil, "--rounds": {"--photos", photos, "--rounds", "0"}, "a batch of 0": {"--photos", photos, "--batch", "0"}, "height": {"--photos", photos, "--actions", "height"},
	} {
		if _, text, code := v.try(append([]string{"bench", "analyze"}, args...)...); code != exitMisused || !strings.Contains(text, want) {
			t.Errorf("%v: exit %d: %s", args, code, text)
		}
	}
}
