package synthetic

import (
	"math"
	"slices"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func meanAndDeviation(values []float64) (mean, deviation float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(deviation)
}

// The statistics asked for are those that templates have; the three are of real
// models, and one of a dimension that is no power of two.
func TestStatistics(t *testing.T) {
	t.Parallel()
	for _, cfg := range []Config{
		{Dim: 512, EffectiveDim: 190, GenuineMean: 0.62, GenuineSD: 0.12},
		{Dim: 512, EffectiveDim: 213, GenuineMean: 0.605, GenuineSD: 0.119, Seed: 7},
		{Dim: 128, EffectiveDim: 95, GenuineMean: 0.66, GenuineSD: 0.126},
		{Dim: 300, EffectiveDim: 40, GenuineMean: 0.5, GenuineSD: 0.2},
	} {
		g, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		const people = 1500
		var genuine, impostor []float64
		shares := make([]float64, cfg.Dim)
		for person := range people {
			a, b, other := g.Template(person, 0), g.Template(person, 1), g.Template(person+people, 0)
			if math.Abs(cosine(a, a)-1) > 1e-5 {
				t.Fatalf("length %g", cosine(a, a))
			}
			genuine, impostor = append(genuine, cosine(a, b)), append(impostor, cosine(a, other))
			for i, v := range a {
				shares[i] += float64(v) * float64(v) / people
			}
		}
		mean, deviation := meanAndDeviation(genuine)
		if math.Abs(mean-cfg.GenuineMean) > 0.02 || math.Abs(deviation-cfg.GenuineSD) > 0.015 {
			t.Errorf("%+v: genuine cosines of mean %.3f, deviation %.3f", cfg, mean, deviation)
		}
		mean, deviation = meanAndDeviation(impostor)
		if want := 1 / math.Sqrt(cfg.EffectiveDim); math.Abs(mean) > 0.02 || math.Abs(deviation-want) > 0.08*want {
			t.Errorf("%+v: impostor cosines of mean %.3f, deviation %.3f, want %.3f", cfg, mean, deviation, want)
		}
		if least, most := slices.Min(shares), slices.Max(shares); least < 0.3/float64(cfg.Dim) || most > 3/float64(cfg.Dim) {
			t.Errorf("%+v: components carry from %.4f to %.4f, want about %.4f each", cfg, least, most, 1/float64(cfg.Dim))
		}
	}
}

func TestSameSeedSameTemplates(t *testing.T) {
	t.Parallel()
	cfg := Config{Dim: 64, EffectiveDim: 30, GenuineMean: 0.6, GenuineSD: 0.15}
	templates := func(seed uint64) [][]float32 {
		cfg.Seed = seed
		g, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		return [][]float32{g.Template(3, 1), g.Template(3, 0), g.Template(4, 0)}
	}
	first, again, other := templates(1), templates(1), templates(2)
	for i := range first {
		if !slices.Equal(first[i], again[i]) || slices.Equal(first[i], other[i]) {
			t.Errorf("template %d: %v, %v and, of another seed, %v", i, first[i][:3], again[i][:3], other[i][:3])
		}
	}
}

func TestNonNegative(t *testing.T) {
	t.Parallel()
	g, err := New(Config{Dim: 4096, EffectiveDim: 100, GenuineMean: 0.6, GenuineSD: 0.12, NonNegative: true})
	if err != nil {
		t.Fatal(err)
	}
	v := g.Template(0, 0)
	zeros := 0
	for _, x := range v {
		if x < 0 {
			t.Fatalf("a component of %g", x)
		}
		if x == 0 {
			zeros++
		}
	}
	if zeros < 1500 || zeros > 2600 || math.Abs(cosine(v, v)-1) > 1e-4 {
		t.Errorf("%d zeros, length %g", zeros, cosine(v, v))
	}
}

func TestStatisticsThatCannotBe(t *testing.T) {
	t.Parallel()
	good := Config{Dim: 64, EffectiveDim: 30, GenuineMean: 0.6, GenuineSD: 0.15}
	for name, change := range map[string]func(*Config){
		"no dimension":         func(c *Config) { c.Dim = 0 },
		"more than all":        func(c *Config) { c.EffectiveDim = 65 },
		"not a number":         func(c *Config) { c.EffectiveDim = math.NaN() },
		"mean of 1":            func(c *Config) { c.GenuineMean = 1 },
		"less than the noise":  func(c *Config) { c.GenuineSD = 0.01 },
		"negative deviation":   func(c *Config) { c.GenuineSD = -1 },
		"a deviation of a NaN": func(c *Config) { c.GenuineSD = math.NaN() },
	} {
		cfg := good
		change(&cfg)
		if _, err := New(cfg); face.CodeOf(err) != face.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkTemplate(b *testing.B) {
	g, err := New(Config{Dim: 512, EffectiveDim: 190, GenuineMean: 0.62, GenuineSD: 0.12})
	if err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		g.Template(i/4, i%4)
	}
}
