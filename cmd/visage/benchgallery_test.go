package main

import (
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/bench"
)

// A made-up gallery is loaded once, can be grown, and is searched like any other.
func TestBenchGallery(t *testing.T) {
	t.Parallel()
	v := newVisage(t)
	load := func(args ...string) bench.Report {
		return answer[bench.Report](v, with([]string{"bench", "gallery", "--dim", "64", "--effective-dim", "40", "--genuine-sd", "0.15"}, args...)...)
	}
	first := load("--identities", "100")
	if len(first.Results) != 2 || first.Results[0].Name != "gallery.load" || !strings.Contains(first.Results[0].Notes, "400 templates of 64 dimensions, 400 of them new") {
		t.Errorf("first: %+v", first.Results)
	}
	again := load("--identities", "110")
	if len(again.Results) != 1 || !strings.Contains(again.Results[0].Notes, "440 templates of 64 dimensions, 40 of them new") {
		t.Errorf("again: %+v", again.Results)
	}
	bare := load("--identities", "100", "--dim", "32", "--effective-dim", "20", "--genuine-sd", "0.2", "--no-index")
	if len(bare.Results) != 1 || bare.Results[0].Name != "gallery.load" {
		t.Errorf("without an index: %+v", bare.Results)
	}
	if out := v.do("doctor"); !strings.Contains(out, "visage index build") {
		t.Errorf("nothing is said of the missing index: %s", out)
	}
	if out := v.do("identity", "list", "--gallery", "synthetic"); !strings.Contains(out, "s1-p109") {
		t.Errorf("identities: %s", out)
	}
	for want, args := range map[string][]string{
		"use 2 to 16000":  {"--dim", "1"},
		"--identities":    {"--identities", "0"},
		"nobody":          {"--space", "nobody", "--effective-dim", "40", "--genuine-sd", "0.15"},
		"effective dimen": {"--effective-dim", "100"},
	} {
		if _, text, code := v.try(append([]string{"bench", "gallery", "--dim", "64"}, args...)...); code == exitDone || !strings.Contains(text, want) {
			t.Errorf("%v: exit %d, %s", args, code, text)
		}
	}
}
