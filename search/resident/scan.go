package resident

import (
	"encoding/binary"
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/visagedb/visage/search/resident/internal/kernel"
)

// blockBytes is how much of the codes all probes of a pass are compared with before the
// next: it stays in a processor's second cache.
const blockBytes = 128 << 10

// pass searches for all probes of the jobs at once.
func (x *Index) pass(jobs []*job) {
	var tasks []*task
	for _, j := range jobs {
		tasks = append(tasks, j.tasks...)
	}
	chunks := *x.chunks.Load()
	n := max(1, min(workers(), len(chunks)))
	collected := make([][]*collector, n)
	var next atomic.Int64
	together(n, func(worker int) {
		s := x.scan(tasks)
		for i := int(next.Add(1)) - 1; i < len(chunks); i = int(next.Add(1)) - 1 {
			s.chunk(chunks[i], uint32(i<<x.layout.shift))
		}
		collected[worker] = s.collectors
	})
	for i, t := range tasks {
		of := make([]*collector, n)
		for w := range of {
			of[w] = collected[w][i]
		}
		t.choose(of)
	}
	x.compare(chunks, tasks, n)
	for _, t := range tasks {
		t.finish()
	}
}

// together runs work n times at once.
func together(n int, work func(worker int)) {
	var group sync.WaitGroup
	for worker := 1; worker < n; worker++ {
		group.Go(func() { work(worker) })
	}
	work(0)
	group.Wait()
}

// scan is one worker's part of a pass.
type scan struct {
	index      *Index
	tasks      []*task
	collectors []*collector // by task
	block      int          // rows
	distances  []uint16
	near       []uint8
}

func (x *Index) scan(tasks []*task) *scan {
	s := &scan{index: x, tasks: tasks}
	s.block = min(x.layout.rows(), max(64, blockBytes/(8*x.layout.words)))
	s.distances, s.near = make([]uint16, s.block), make([]uint8, s.block/kernel.Group)
	for _, t := range tasks {
		most := x.coder.rotation.size
		if t.raw {
			most = 1<<16 - 1
		}
		s.collectors = append(s.collectors, newCollector(t.keep, most, &t.limit))
	}
	return s
}

// chunk compares the bits of a chunk, whose rows count from first, with all probes.
func (s *scan) chunk(c *chunk, first uint32) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for from := 0; from < c.used; from += s.block {
		for i, t := range s.tasks {
			s.compare(c, t, s.collectors[i], from, first)
		}
	}
}

// compare compares a block of rows with one probe. The kernel says which are below the
// limit; only these are looked at.
func (s *scan) compare(c *chunk, t *task, into *collector, from int, first uint32) {
	words := s.index.layout.words
	limit := uint64(into.limit())
	if t.raw { // it counts keys, not bits
		limit = 1 << 16
	}
	s.index.kernel.Hamming(s.distances, s.near, c.bits[from*words:(from+s.block)*words], t.probe.bits, limit)
	for at := 0; at < s.block; at += 64 {
		for near := binary.LittleEndian.Uint64(s.near[at/8:]); near != 0; near &= near - 1 {
			i := at + bits.TrailingZeros64(near)
			row := from + i
			if !t.sieve.passes(c, row) {
				continue
			}
			if key := t.key(c, row, s.distances[i]); uint32(key) < into.limit() {
				into.add(first+uint32(row), key)
			}
		}
	}
}
