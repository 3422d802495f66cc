package resident

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/synthetic"
	"github.com/visagedb/visage/search/resident/internal/kernel"
)

// benchRows is how many templates benchmarks search: 100,000, or VISAGE_BENCH_ROWS.
func benchRows(b *testing.B) int {
	text := os.Getenv("VISAGE_BENCH_ROWS")
	if text == "" {
		return 100_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// benched is a gallery with probes and what an exact search finds for them.
type benched struct {
	index   *Index
	probes  [][]float32
	people  []int
	nearest [][]int
}

const benchProbes = 512

func newBenched(b *testing.B, like synthetic.Config) benched {
	g, n := lifelike(b, like), benchRows(b)
	made := benched{index: newIndex(b, Config{Space: spaceOf(like.Dim, true), Seed: 5})}
	for p := range benchProbes {
		who := p * (n / each) / benchProbes
		made.people = append(made.people, who)
		made.probes = append(made.probes, g.Template(who, each))
	}
	lists := make([]shortlist, benchProbes)
	const batch = 10_000
	for from := 0; from < n; from += batch {
		all := templates(g, from, batch)
		put(b, made.index, all)
		var group sync.WaitGroup
		for w := range runtime.GOMAXPROCS(0) {
			group.Go(func() {
				for p := w; p < benchProbes; p += runtime.GOMAXPROCS(0) {
					lists[p].add(made.probes[p], all, from)
				}
			})
		}
		group.Wait()
	}
	for _, l := range lists {
		made.nearest = append(made.nearest, l.rows)
	}
	return made
}

// BenchmarkCandidates searches with one caller and with eight. mates and ten are the
// shares of an exact search's mates and ten nearest that are among the candidates.
func BenchmarkCandidates(b *testing.B) {
	made := newBenched(b, ordinary)
	for _, c := range []struct{ bytes, n int }{
		{300, 15}, {600, 15}, {600, 30}, {1_200, 60}, {2_000, 20}, {2_000, 30}, {2_000, 60}, {4_000, 30}, {4_000, 60}, {8_000, 60},
	} {
		for _, callers := range []int{1, 8} {
			b.Run(fmt.Sprintf("bytes=%d/n=%d/callers=%d", c.bytes, c.n, callers), func(b *testing.B) {
				made.index.least, made.index.share = c.bytes, 0
				made.run(b, c.n, callers)
			})
		}
	}
}

// BenchmarkShares tells how many of the templates with fewer than 512 bits have to be
// compared in bytes. The statistics of 128 dimensions are MobileFaceNet's, those of 64 and
// of 256 lie to both sides of them.
func BenchmarkShares(b *testing.B) {
	for _, like := range []synthetic.Config{
		{Dim: 64, EffectiveDim: 50, GenuineMean: 0.66, GenuineSD: 0.12},
		{Dim: 128, EffectiveDim: 95, GenuineMean: 0.66, GenuineSD: 0.126},
		{Dim: 256, EffectiveDim: 140, GenuineMean: 0.64, GenuineSD: 0.126},
	} {
		b.Run(fmt.Sprintf("dim=%d", like.Dim), func(b *testing.B) {
			made := newBenched(b, like)
			for _, share := range []float64{0.004, 0.01, 0.015, 0.02, 0.05, 0.1, 0.2} {
				b.Run(fmt.Sprintf("share=%g", share), func(b *testing.B) {
					made.index.least, made.index.share = 1, share
					made.run(b, 60, 1)
				})
			}
		})
	}
}

func (made benched) run(b *testing.B, n, callers int) {
	x := made.index
	found, took := make([][]Candidate, benchProbes), make([]time.Duration, b.N)
	var group sync.WaitGroup
	b.ResetTimer()
	for w := range callers {
		group.Go(func() {
			for i := w; i < b.N; i += callers {
				p := i % benchProbes
				from := time.Now()
				answer, err := x.Candidates(made.probes[p:p+1], face.Cosine, Filter{Gallery: gallery}, n)
				took[i] = time.Since(from)
				if err != nil {
					b.Error(err)
					return
				}
				found[p] = answer[0]
			}
		})
	}
	group.Wait()
	b.StopTimer()
	var r recalled
	for p := range min(b.N, benchProbes) {
		r.add(made.nearest[p], found[p], made.people[p])
	}
	mates, ten := r.shares()
	slices.Sort(took)
	b.ReportMetric(mates, "mates")
	b.ReportMetric(ten, "ten")
	b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "searches/s")
}

// noise is an index of rows of random bits and bytes.
func noise(b *testing.B, n int) *Index {
	x := newIndex(b, Config{Space: spaceOf(512, true)})
	one, err := x.coder.encode(random(0, 1, 512)[0].Vector)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if err := x.place(face.Enrolled{Face: faceID(i), Gallery: gallery, Identity: person(i / each)}, one); err != nil {
			b.Fatal(err)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range *x.chunks.Load() {
		for _, words := range [][]uint64{c.bits, wordsOf(c.bytes)} {
			for i := range words {
				words[i] = r.Uint64()
			}
		}
	}
	x.weigh()
	return x
}

// BenchmarkScan holds a pass over the codes of an index, of bits and of bytes, against
// a plain one over the same memory, which adds up its words; all on one processor, by
// turns. GB/s is of the pass, share its speed over the plain one's, by the time that the
// processor spent on all of them: others who use it count less that way. The system may
// count in ticks of milliseconds, so that it takes many passes.
func BenchmarkScan(b *testing.B) {
	n := benchRows(b)
	x := noise(b, n)
	vector, err := x.coder.probe(random(n, 1, 512)[0].Vector)
	if err != nil {
		b.Fatal(err)
	}
	sum := uint64(0)
	bits := func() {
		s := x.scan([]*task{x.task(vector, face.Cosine, sieve{gallery: 1}, 60)})
		for i, c := range *x.chunks.Load() {
			s.chunk(c, uint32(i<<x.layout.shift))
		}
	}
	over := func(pass func(*chunk)) func() {
		return func() {
			for _, c := range *x.chunks.Load() {
				pass(c)
			}
		}
	}
	held(b, "bits", 64*n, bits, over(func(c *chunk) { sum += read(c.bits) }))
	held(b, "bytes", 512*n, over(func(c *chunk) {
		for at := range c.used {
			sum += uint64(x.kernel.Dot(c.code(at, 512), vector.levels))
		}
	}), over(func(c *chunk) { sum += read(wordsOf(c.bytes)) }))
	runtime.KeepAlive(sum)
}

// held times a pass over codes of so many bytes and a plain one by turns.
func held(b *testing.B, name string, size int, codes, plain func()) {
	timed := func(pass func()) time.Duration {
		from := spent(b, thisThread)
		pass()
		return spent(b, thisThread) - from
	}
	b.Run(name, func(b *testing.B) {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var ours, theirs time.Duration
		for range b.N {
			ours, theirs = ours+timed(codes), theirs+timed(plain)
		}
		b.ReportMetric(float64(size)*float64(b.N)/float64(ours), "GB/s")
		b.ReportMetric(float64(theirs)/float64(ours), "share")
	})
}

// Who spent is asked about.
const (
	thisProcess = syscall.RUSAGE_SELF
	thisThread  = 1 // RUSAGE_THREAD
)

// spent is how long processors have worked.
func spent(b *testing.B, who int) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(who, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkKernels compares the instructions that a processor may have.
func BenchmarkKernels(b *testing.B) {
	made := newBenched(b, ordinary)
	for _, k := range kernel.All() {
		b.Run(k.Name(), func(b *testing.B) {
			made.index.kernel = k
			made.run(b, 60, 1)
		})
	}
}
