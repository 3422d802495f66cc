package main

import (
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/onnxtest"
)

// The benchmarks of embedding and ingesting, once: with a network beside which
// there is something to compare, and without.
func TestBenchEmbedAndIngest(t *testing.T) {
	t.Parallel()
	v, people := newVisage(t, ortLib(t)...), filepath.Join(sampleDir(t), "people")
	v.do("models", "import", network(t, onnxtest.Recognizer{Input: last(112, 112), Last: true, Dim: 512, Seed: 1}), "--as", "ArcFace", "--unpinned")
	for model, compares := range map[string]bool{"ArcFace": true, "LBPH": false} {
		use := []string{"--photos", people, "--detector", "opencv", "--model", model, "--rounds", "1"}
		embedded := answer[bench.Report](v, with([]string{"bench", "embed", "--batch", "1,3"}, use...)...).Results
		if len(embedded) != 2 || embedded[0].Name != "embed."+model || embedded[1].Name != "embed."+model+".batch3" || embedded[0].Value <= 0 || (embedded[0].Ratio > 0) != compares {
			t.Errorf("%s: embed gives %+v", model, embedded)
		}
		ingested := answer[bench.Report](v, with([]string{"bench", "ingest", "--files", "8"}, use...)...).Results
		if len(ingested) != 1 || ingested[0].Name != "ingest.pipeline" || ingested[0].Value <= 0 || (ingested[0].Ratio > 0) != compares {
			t.Errorf("%s: ingest gives %+v", model, ingested)
		}
	}
}
