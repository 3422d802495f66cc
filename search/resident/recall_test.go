package resident

import (
	"os"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/synthetic"
	"github.com/visagedb/visage/search"
)

// exactly are the n templates nearest to a probe.
func exactly(t testing.TB, metric face.Metric, probe []float32, all []face.Enrolled, n int) []int {
	t.Helper()
	order, distances := make([]int, len(all)), make([]float64, len(all))
	for i, e := range all {
		d, err := search.Distance(metric, probe, e.Vector)
		if err != nil {
			t.Fatal(err)
		}
		order[i], distances[i] = i, d
	}
	slices.SortFunc(order, func(a, b int) int {
		if distances[a] < distances[b] {
			return -1
		}
		return 1
	})
	return order[:n]
}

// recalled compares candidates with the ten nearest: how many of these there are, how
// many are the probe's person's, and how many of both kinds are among the candidates.
type recalled struct{ all, mates, foundAll, foundMates int }

func (r *recalled) add(nearest []int, found []Candidate, who int) {
	for _, i := range nearest {
		held := slices.ContainsFunc(found, func(c Candidate) bool { return c.Face == faceID(i) })
		r.all++
		if held {
			r.foundAll++
		}
		if i/each == who {
			r.mates++
			if held {
				r.foundMates++
			}
		}
	}
}

func (r recalled) shares() (mates, ten float64) {
	return float64(r.foundMates) / float64(r.mates), float64(r.foundAll) / float64(r.all)
}

// The candidates have the mates that an exact search has, in whatever metric.
func TestRecall(t *testing.T) {
	t.Parallel()
	n, probes := 20_000, 100
	if os.Getenv("VISAGE_TEST_LARGE") != "" {
		n, probes = 100_000, 400
	}
	for _, c := range []struct {
		name      string
		synthetic synthetic.Config
		metric    face.Metric
		n         int
	}{
		{"512 dimensions", ordinary, face.Cosine, n},
		{"128 dimensions", synthetic.Config{Dim: 128, EffectiveDim: 95, GenuineMean: 0.66, GenuineSD: 0.126}, face.Angular, n},
		{"none negative, 4,096 dimensions", synthetic.Config{Dim: 4096, EffectiveDim: 190, GenuineMean: 0.62, GenuineSD: 0.12, NonNegative: true}, face.EuclideanL2, 3_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			g := lifelike(t, c.synthetic)
			all := templates(g, 0, c.n)
			cfg := Config{Space: spaceOf(c.synthetic.Dim, true), Seed: 5}
			if c.synthetic.NonNegative {
				cfg.Mean = meanOf(all[:1000])
			}
			x := newIndex(t, cfg)
			put(t, x, all)
			var r recalled
			for p := range probes {
				who := p * (c.n / each) / probes
				probe := g.Template(who, each)
				found, err := x.Candidates([][]float32{probe}, c.metric, Filter{Gallery: gallery}, 60)
				if err != nil {
					t.Fatal(err)
				}
				r.add(exactly(t, c.metric, probe, all, 10), found[0], who)
			}
			mates, ten := r.shares()
			t.Logf("%d templates, %d mates: mates %.4f, ten %.4f, %.1f bytes a template", c.n, r.mates, mates, ten, float64(x.Bytes())/float64(c.n))
			if mates < 0.998 {
				t.Errorf("%.4f of the mates, want 0.998", mates)
			}
		})
	}
}

func meanOf(all []face.Enrolled) []float32 {
	mean := make([]float32, len(all[0].Vector))
	for _, e := range all {
		for i, v := range e.Vector {
			mean[i] += v / float32(len(all))
		}
	}
	return mean
}
