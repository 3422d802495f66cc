package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/pgserver"
)

// All ways of searching are measured, beside pgbench where there is one.
func TestBenchSearch(t *testing.T) {
	t.Parallel()
	v, space := indexed(t)
	measure := func(args ...string) map[string]bench.Result {
		t.Helper()
		results := map[string]bench.Result{}
		for _, r := range answer[bench.Report](v, append([]string{"bench", "search", "--gallery", "synthetic", "--space", space, "--rounds", "1", "--seconds", "0.2", "--probes", "20"}, args...)...).Results {
			results[r.Name] = r
			if r.Value <= 0 || r.Recall == nil || *r.Recall < 0 || *r.Recall > 1 || r.Unit != "1/s" || !strings.Contains(r.Notes, "p99") {
				t.Errorf("result %+v", r)
			}
		}
		return results
	}
	got := measure("--clients", "1,2", "--ef-search", "100")
	_, err := pgserver.FindProgram(t.Context(), "pgbench")
	for name, compared := range map[string]bool{
		"search.service": err == nil, "search.hnsw": true, "search.exact": true,
		"search.service.clients2": err == nil, "search.hnsw.clients2": true, "search.exact.clients2": true,
	} {
		if r, there := got[name]; !there || (r.Ratio > 0) != compared || (r.Against != "") != compared {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if *got["search.exact"].Recall != 1 || !strings.Contains(got["search.hnsw"].Notes, "600 templates of 64 dimensions") {
		t.Errorf("%+v", got)
	}

	none := measure("--clients", "1", "--pgbench", "/nonexistent/pgbench") // and exact, so that nothing tells how to search the index
	if r := none["search.service"]; len(none) != 2 || r.Ratio != 0 || !strings.Contains(r.Notes, "not beside pgbench: ") || !strings.Contains(r.Notes, "/nonexistent/pgbench") {
		t.Errorf("without pgbench: %+v", none)
	}
	if program, err := exec.LookPath("false"); err == nil {
		if _, text, code := v.try("bench", "search", "--gallery", "synthetic", "--space", space, "--seconds", "0.2", "--pgbench", program); code != exitFailed || !strings.Contains(text, program) {
			t.Errorf("with a pgbench that fails: exit %d, %s", code, text)
		}
	}
}

func TestBenchSearchMisuse(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	for want, args := range map[string][]string{
		"--space":             {},
		"1 to 45 --clients":   {"--space", "x", "--clients", "46"},
		"--rounds":            {"--space", "x", "--rounds", "0"},
		"--probes":            {"--space", "x", "--probes", "0"},
		"--ef-search":         {"--space", "x", "--ef-search", "1001"},
		"--min-recall 0: use": {"--space", "x", "--min-recall", "0"},
	} {
		if _, text, code := v.try(slices.Concat([]string{"bench", "search"}, args)...); code != exitMisused || !strings.Contains(text, want) {
			t.Errorf("%v: exit %d, %s", args, code, text)
		}
	}
	if _, text, code := v.try("bench", "search", "--space", "nobody"); code != exitFailed || !strings.Contains(text, "nobody") {
		t.Errorf("an unknown space: exit %d, %s", code, text)
	}
}
