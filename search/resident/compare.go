package resident

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"sync/atomic"
)

// choose joins what the workers collected for a task and leaves the rows to be compared
// in bytes.
func (t *task) choose(of []*collector) {
	all := of[0]
	for _, c := range of[1:] {
		all.rows, all.keys = append(all.rows, c.rows...), append(all.keys, c.keys...)
	}
	if len(all.rows) > all.keep {
		all.cut()
	}
	t.rows, t.scored = all.rows, make([]Candidate, len(all.rows))
}

// part is how many rows a worker takes at a time to compare in bytes.
const part = 256

// compare computes the scores of all tasks' rows.
func (x *Index) compare(chunks []*chunk, tasks []*task, n int) {
	type piece struct {
		task     *task
		from, to int
	}
	var pieces []piece
	for _, t := range tasks {
		for from := 0; from < len(t.rows); from += part {
			pieces = append(pieces, piece{t, from, min(from+part, len(t.rows))})
		}
	}
	var next atomic.Int64
	together(min(n, max(1, len(pieces))), func(int) {
		for i := int(next.Add(1)) - 1; i < len(pieces); i = int(next.Add(1)) - 1 {
			p := pieces[i]
			x.score(chunks, p.task, p.task.rows[p.from:p.to], p.task.scored[p.from:p.to])
		}
	})
}

// score computes the scores of rows. Those of one chunk mostly follow each other.
func (x *Index) score(chunks []*chunk, t *task, rows []uint32, scored []Candidate) {
	for len(rows) > 0 {
		number, n := rows[0]>>x.layout.shift, 1
		for n < len(rows) && rows[n]>>x.layout.shift == number {
			n++
		}
		x.scoreIn(chunks[number], t, rows[:n], scored[:n])
		rows, scored = rows[n:], scored[n:]
	}
}

// scoreIn computes the scores of rows of a chunk. A row that does not pass any more,
// since it was written meanwhile, has the lowest one; of one that does, the face is who
// is there now.
func (x *Index) scoreIn(c *chunk, t *task, rows []uint32, scored []Candidate) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i, row := range rows {
		at := int(row) & (x.layout.rows() - 1)
		scored[i].Similarity = math.Inf(-1)
		if t.sieve.passes(c, at) {
			scored[i] = Candidate{Face: c.face[at], Similarity: x.similarity(t, c, at)}
		}
	}
}

// similarity is a row's, by its bytes.
func (x *Index) similarity(t *task, c *chunk, at int) float64 {
	dot := x.kernel.Dot(c.code(at, x.coder.rotation.size), t.probe.levels)
	product := float64(dot) * float64(c.scale[at]) * float64(t.probe.scale)
	cosine := min(1, max(-1, t.probe.cosine(product, c.radiusOf(at))))
	if t.raw {
		return -math.Sqrt(t.probe.squared(cosine, c.normOf(at)))
	}
	return cosine
}

// finish takes the best of the scored rows. Few of them ever stand among these, so that
// each finds its place in a short sorted list.
func (t *task) finish() {
	t.best = make([]Candidate, 0, min(t.want, len(t.rows)))
	for _, candidate := range t.scored {
		full := len(t.best) == t.want
		if math.IsInf(candidate.Similarity, -1) || (full && nearerFirst(candidate, t.best[t.want-1]) > 0) {
			continue
		}
		if full {
			t.best = t.best[:t.want-1]
		}
		place, _ := slices.BinarySearchFunc(t.best, candidate, nearerFirst)
		t.best = slices.Insert(t.best, place, candidate)
	}
}

func nearerFirst(a, b Candidate) int {
	return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), bytes.Compare(a.Face[:], b.Face[:]))
}
