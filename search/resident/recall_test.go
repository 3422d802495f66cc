package resident

import (
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/synthetic"
)

// shortlist are the ten nearest to a probe, nearest first, all of length 1, so that three
// of the metrics rank them alike.
type shortlist struct {
	rows    []int
	cosines []float32
}

func (l *shortlist) add(probe []float32, all []face.Enrolled, first int) {
	for i, e := range all {
		var sums [4]float32 // so that an addition need not wait for the one before it
		for v, p := e.Vector, probe; len(v) >= 4 && len(p) >= 4; v, p = v[4:], p[4:] {
			sums[0] += v[0] * p[0]
			sums[1] += v[1] * p[1]
			sums[2] += v[2] * p[2]
			sums[3] += v[3] * p[3]
		}
		cosine := sums[0] + sums[1] + sums[2] + sums[3]
		at := len(l.rows)
		for at > 0 && l.cosines[at-1] < cosine {
			at--
		}
		if at < 10 {
			l.rows, l.cosines = slices.Insert(l.rows, at, first+i), slices.Insert(l.cosines, at, cosine)
			l.rows, l.cosines = l.rows[:min(10, len(l.rows))], l.cosines[:min(10, len(l.rows))]
		}
	}
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
	n, probes := 100_000, 250
	if raced {
		n = 10_000
	}
	for _, c := range []struct {
		name      string
		synthetic synthetic.Config
		metric    face.Metric
		n         int
	}{
		{"512 dimensions", ordinary, face.Cosine, n},
		{"64 dimensions", synthetic.Config{Dim: 64, EffectiveDim: 50, GenuineMean: 0.66, GenuineSD: 0.12}, face.Cosine, n},
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
				var nearest shortlist
				nearest.add(probe, all, 0)
				r.add(nearest.rows, found[0], who)
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
