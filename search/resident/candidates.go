package resident

import (
	"math"
	"slices"
	"sync/atomic"

	"github.com/visagedb/visage/internal/face"
)

// Candidate is a template that may be among the nearest to a probe.
type Candidate struct {
	Face [16]byte
	// Similarity is about the cosine with the probe, from -1 to 1, larger for nearer
	// templates; by raw euclidean, about the distance, negated.
	Similarity float64
}

// How many templates are compared in bytes for n candidates at the least.
const (
	leastBytes   = 4_000
	bytesForEach = 20
)

// leastShare is which part of a gallery's templates is compared in bytes at the least,
// by the number of bits of a code: the fewer they are, the worse they tell mates from
// the many others. docs/trials.md has what was measured at a million templates.
func leastShare(bits int) float64 {
	switch {
	case bits <= 64:
		return 0.2
	case bits <= 128:
		return 0.05
	case bits <= 256:
		return 0.015
	default:
		return 0.004
	}
}

// MostCandidates is how many candidates are given for a probe at most: what a probe
// holds while it is searched for grows with them.
const MostCandidates = 2_000

// Candidates gives, for each probe, the n templates that are nearest to it of those
// that the filter lets pass, nearest first, as far as codes can tell. Searches that are
// made at the same time share their pass over the codes. Cosine, euclidean_l2 and
// angular give the same candidates.
//
// It returns Mismatch for a probe of another dimension, Invalid for one that is zero or
// not finite, for an unknown metric and for n below 1 or above MostCandidates, and
// Unavailable after Close.
func (x *Index) Candidates(probes [][]float32, metric face.Metric, filter Filter, n int) ([][]Candidate, error) {
	leave, err := x.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	if n < 1 || n > MostCandidates {
		return nil, face.Errorf(face.Invalid, "%d candidates from the index in memory: ask for 1 to %d", n, MostCandidates)
	}
	if _, err := face.ParseMetric(string(metric)); err != nil {
		return nil, err
	}
	turned := make([]probe, len(probes))
	for i, vector := range probes {
		if turned[i], err = x.coder.probe(vector); err != nil {
			return nil, err
		}
	}
	found := make([][]Candidate, 0, len(probes))
	s, known := x.sieve(filter)
	if !known {
		return found[:len(probes)], nil
	}
	for some := range slices.Chunk(turned, max(1, min(mostAtOnce, mostKept()/x.keep(s, n)))) {
		found = append(found, x.search(some, metric, s, n)...)
	}
	return found, nil
}

// search runs one pass for some probes, or shares in one.
func (x *Index) search(probes []probe, metric face.Metric, s sieve, n int) [][]Candidate {
	j := &job{turn: make(chan bool, 1)}
	for _, p := range probes {
		j.tasks = append(j.tasks, x.task(p, metric, s, n))
	}
	x.line.do(j, x.pass)
	found := make([][]Candidate, len(probes))
	for i, t := range j.tasks {
		found[i] = t.best
	}
	return found
}

// job is what one caller searches for.
type job struct {
	tasks []*task
	turn  chan bool // tells a waiting caller that its job is done (false), or to lead (true)
}

// kept is how many templates are chosen for its probes.
func (j *job) kept() (sum int) {
	for _, t := range j.tasks {
		sum += t.keep
	}
	return sum
}

// task is one probe's search.
type task struct {
	probe  probe
	sieve  sieve
	want   int  // candidates
	keep   int  // to be compared in bytes
	raw    bool // whether templates' lengths count
	keys   keys
	limit  atomic.Uint32
	rows   []uint32    // chosen by bits
	scored []Candidate // rows, by bytes
	best   []Candidate // nearest first
}

// keep is how many templates are compared in bytes for n candidates among those of a
// sieve's gallery.
func (x *Index) keep(s sieve, n int) int {
	return max(x.least, bytesForEach*n, int(x.share*float64(s.rows)))
}

func (x *Index) task(p probe, metric face.Metric, s sieve, n int) *task {
	t := &task{probe: p, sieve: s, want: n, keep: x.keep(s, n)}
	t.raw = metric == face.Euclidean && !x.cfg.Space.Unit
	if t.raw {
		t.keys = x.rawKeys(p)
	}
	t.limit.Store(math.MaxUint16 + 1)
	return t
}

// keys turns Hamming distances into keys for the raw euclidean distance, which depends
// on the templates' lengths too. Two directions whose turned signs differ in a share h
// of the bits have, in the mean, an angle of pi h (Charikar, Similarity Estimation
// Techniques from Rounding Algorithms, 2002).
type keys struct {
	cosines []float64 // by Hamming distance
	scale   float64   // keys for one unit of distance
}

// rawKeys spreads keys from 0 to 65,535 over the distances that templates can have, up
// to twice the length of the longest or of the probe.
func (x *Index) rawKeys(p probe) keys {
	k := keys{cosines: make([]float64, x.coder.rotation.size+1)}
	for h := range k.cosines {
		k.cosines[h] = math.Cos(math.Pi * float64(h) / float64(x.coder.rotation.size))
	}
	k.scale = math.MaxUint16 / (p.norm + math.Float64frombits(x.longest.Load()))
	return k
}

// key is that of a row from its Hamming distance.
func (t *task) key(c *chunk, row int, distance uint16) uint16 {
	if !t.raw {
		return distance
	}
	radius := c.radiusOf(row)
	cosine := t.probe.cosine(radius*t.probe.radius*t.keys.cosines[distance], radius)
	return uint16(min(math.MaxUint16, math.Sqrt(t.probe.squared(cosine, c.normOf(row)))*t.keys.scale))
}
