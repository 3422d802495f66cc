package synthetic

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/visagedb/visage/internal/face"
)

// Config says what the templates are like.
type Config struct {
	// Dim is how many components they have, 2 or more. Required.
	Dim int
	// EffectiveDim is in how many dimensions they really differ, from 1.5 to Dim.
	// Required.
	EffectiveDim float64
	// GenuineMean and GenuineSD are mean and standard deviation of the cosine of two
	// templates of one person. Mean in (0,1), deviation from 0; what the mean and the
	// effective dimension leave no room for is Invalid. Required.
	GenuineMean, GenuineSD float64
	// NonNegative sets negative components to zero, as networks do that end in a
	// rectifier (VGG-Face, DeepFace). Means and deviations are then other ones.
	// Defaults to not.
	NonNegative bool
	// Seed chooses the templates. Defaults to 0, which is one like another.
	Seed uint64
}

// Gallery makes templates. It may be used by several goroutines at once.
type Gallery struct {
	cfg           Config
	deviations    []float64 // along the axes, before the rotation
	rotation      rotation
	quality       float64 // mean of q
	qualitySpread float64 // and its standard deviation
}

// New prepares a gallery. It returns Invalid for statistics that no templates have.
func New(cfg Config) (*Gallery, error) {
	switch {
	case cfg.Dim < 2 || cfg.Dim > 16_000:
		return nil, face.Errorf(face.Invalid, "synthetic templates of %d dimensions: use 2 to 16000", cfg.Dim)
	case !(cfg.EffectiveDim >= 1.5 && cfg.EffectiveDim <= float64(cfg.Dim)):
		return nil, face.Errorf(face.Invalid, "an effective dimension of %g: use 1.5 to %d", cfg.EffectiveDim, cfg.Dim)
	case !(cfg.GenuineMean > 0 && cfg.GenuineMean < 1) || !(cfg.GenuineSD >= 0 && cfg.GenuineSD < 1):
		return nil, face.Errorf(face.Invalid, "a genuine cosine of mean %g and deviation %g: use a mean above 0 and below 1, and a deviation from 0", cfg.GenuineMean, cfg.GenuineSD)
	}
	least := noise(cfg.GenuineMean, cfg.EffectiveDim)
	if cfg.GenuineSD < least {
		return nil, face.Errorf(face.Invalid, "a genuine deviation of %g: with a mean of %g in %g dimensions it is at least %.3f",
			cfg.GenuineSD, cfg.GenuineMean, cfg.EffectiveDim, least)
	}
	// Var(q1 q2) = 2 m^2 s^2 + s^4 for independent q of mean m and deviation s.
	m2, rest := cfg.GenuineMean, cfg.GenuineSD*cfg.GenuineSD-least*least
	return &Gallery{
		cfg: cfg, deviations: spectrum(cfg.Dim, cfg.EffectiveDim), rotation: newRotation(cfg.Dim, cfg.Seed),
		quality: math.Sqrt(m2), qualitySpread: math.Sqrt(math.Sqrt(m2*m2+rest) - m2),
	}, nil
}

// noise is the deviation of the genuine cosine where all photographs have the same
// quality q: that of q s (u n1 + u n2) + s^2 n1 n2 with s = sqrt(1-q^2), divided by
// the lengths 1 + q s u n, in first order q s^3 (u n1 + u n2) + s^2 n1 n2. The
// products of directions have the variance 1/d.
func noise(mean, effectiveDim float64) float64 {
	rest := 1 - mean
	return math.Sqrt((2*mean*rest*rest*rest + rest*rest) / effectiveDim)
}

// spectrum returns standard deviations along the axes, falling exponentially, whose
// squares have the participation ratio asked for.
func spectrum(dim int, effective float64) []float64 {
	variances := func(rate float64) []float64 {
		v := make([]float64, dim)
		for i := range v {
			v[i] = math.Exp(-rate * float64(i) / float64(dim))
		}
		return v
	}
	low, high := 0.0, 4*float64(dim) // a rate of 0 has the ratio dim
	for range 100 {
		middle := (low + high) / 2
		if participation(variances(middle)) > effective {
			low = middle
		} else {
			high = middle
		}
	}
	v := variances(low)
	for i := range v {
		v[i] = math.Sqrt(v[i])
	}
	return v
}

func participation(variances []float64) float64 {
	var sum, squares float64
	for _, v := range variances {
		sum += v
		squares += v * v
	}
	return sum * sum / squares
}

// Template is a photograph's of a person, both counted from 0. Any number of
// photographs of any number of people can be had: those that were not enrolled serve
// as probes. Its length is 1.
func (g *Gallery) Template(person, photograph int) []float32 {
	u := g.direction(stream(g.cfg.Seed, uint64(person), 0))
	source := stream(g.cfg.Seed, uint64(person), 1+uint64(photograph))
	q := min(0.999, max(0.05, g.quality+g.qualitySpread*source.NormFloat64()))
	n, across := g.direction(source), math.Sqrt(1-q*q)
	for i := range u {
		u[i] = q*u[i] + across*n[i]
	}
	g.rotation.turn(u)
	out := make([]float32, len(u))
	for i, v := range u {
		if g.cfg.NonNegative {
			v = max(0, v)
		}
		out[i] = float32(v)
	}
	return unit(out)
}

// direction is a random one, of length 1.
func (g *Gallery) direction(source *rand.Rand) []float64 {
	v := make([]float64, g.cfg.Dim)
	square := 0.0
	for i, deviation := range g.deviations {
		v[i] = deviation * source.NormFloat64()
		square += v[i] * v[i]
	}
	by := 1 / math.Sqrt(square)
	for i := range v {
		v[i] *= by
	}
	return v
}

func unit(v []float32) []float32 {
	square := 0.0
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	by := float32(1 / math.Sqrt(square))
	for i := range v {
		v[i] *= by
	}
	return v
}

// stream is a source of random numbers of its own for each person and photograph.
func stream(seed, person, photograph uint64) *rand.Rand {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], person)
	binary.LittleEndian.PutUint64(key[16:], photograph)
	key[31] = 1
	var mixed [2]uint64
	chacha := rand.NewChaCha8(key)
	mixed[0], mixed[1] = chacha.Uint64(), chacha.Uint64()
	return rand.New(rand.NewPCG(mixed[0], mixed[1])) // ten times as fast as ChaCha8
}
