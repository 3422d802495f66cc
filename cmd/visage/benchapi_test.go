package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/bench"
)

// Searches and templates over HTTP are measured beside the same without it.
func TestBenchAPI(t *testing.T) {
	t.Parallel()
	v, space := indexed(t)
	report := answer[bench.Report](v, with(builtIn, "bench", "api", "--gallery", "synthetic", "--space", space, "--photos", filepath.Join(sampleDir(t), "people"),
		"--clients", "1,3", "--rounds", "1", "--seconds", "0.2", "--probes", "10")...)
	var names []string
	for _, r := range report.Results {
		names = append(names, r.Name)
		if r.Value <= 0 || r.Ratio <= 0 || r.Against == "" || (r.Unit == "1/s") != strings.Contains(r.Notes, "p99") {
			t.Errorf("result %+v", r)
		}
	}
	if want := []string{"api.search", "api.represent", "api.search.clients3", "api.represent.clients3",
		"api.search.load70", "api.search.crowd", "api.represent.load70", "api.represent.crowd"}; !slices.Equal(names, want) {
		t.Errorf("measured %v, want %v", names, want)
	}
	for want, args := range map[string][]string{
		"--space":   {},
		"--rounds":  {"--photos", "x", "--rounds", "0"},
		"--clients": {"--space", "x", "--clients", "0"},
	} {
		if _, text, code := v.try(slices.Concat([]string{"bench", "api"}, args)...); code != exitMisused || !strings.Contains(text, want) {
			t.Errorf("%v: exit %d, %s", args, code, text)
		}
	}
	if _, text, code := v.try(with(builtIn, "bench", "api", "--space", "nobody")...); code != exitFailed || !strings.Contains(text, "nobody") {
		t.Errorf("an unknown space: exit %d, %s", code, text)
	}
}
