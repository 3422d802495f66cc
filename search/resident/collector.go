package resident

import (
	"slices"
	"sync/atomic"
)

// collector keeps the rows with the smallest keys of those that one worker scans, which
// come in ascending order; of equal keys the first rows, so that it makes no difference
// which worker scans what. It holds up to twice as many as are wanted and, when it is
// full, counts them by key (a histogram) to find the key of the last one wanted; they
// are not sorted.
type collector struct {
	keep   int
	own    uint32         // keys from here on are of no use to this collector
	shared *atomic.Uint32 // and from here on to none of the scan
	rows   []uint32
	keys   []uint16
	counts []uint32 // by key
}

// newCollector makes a collector of keys up to most.
func newCollector(keep, most int, shared *atomic.Uint32) *collector {
	return &collector{
		keep: keep, own: shared.Load(), shared: shared, counts: make([]uint32, most+1),
		rows: make([]uint32, 0, 2*keep), keys: make([]uint16, 0, 2*keep),
	}
}

// limit is the key from which on rows are not taken.
func (c *collector) limit() uint32 { return min(c.own, c.shared.Load()) }

// add takes a row whose key is below the limit. When the collector has all rows that are
// wanted up to some key, later ones with that key are of no use here, but those of other
// workers may come before some.
func (c *collector) add(row uint32, key uint16) {
	c.rows, c.keys = append(c.rows, row), append(c.keys, key)
	if len(c.rows) == 2*c.keep {
		c.own = uint32(c.cut())
		lower(c.shared, c.own+1)
	}
}

// cut leaves the wanted ones and returns the key of the last.
func (c *collector) cut() uint16 {
	last := c.last()
	var same []uint32
	fewer := 0
	for i, key := range c.keys {
		switch {
		case key < last:
			fewer++
		case key == last:
			same = append(same, c.rows[i])
		}
	}
	slices.Sort(same) // not so where those of several workers were joined
	same = same[:min(len(same), c.keep-fewer)]
	kept := 0
	for i, key := range c.keys {
		if row := c.rows[i]; key < last || (key == last && row <= same[len(same)-1]) {
			c.rows[kept], c.keys[kept] = row, key
			kept++
		}
	}
	c.rows, c.keys = c.rows[:kept], c.keys[:kept]
	return last
}

// last is the key of the last one wanted, or of the last one that is there.
func (c *collector) last() uint16 {
	clear(c.counts)
	for _, key := range c.keys {
		c.counts[key]++
	}
	left := min(c.keep, len(c.keys))
	for key, n := range c.counts {
		if left -= int(n); left <= 0 {
			return uint16(key)
		}
	}
	return uint16(len(c.counts) - 1)
}

// lower brings a shared limit down.
func lower(shared *atomic.Uint32, to uint32) {
	for {
		now := shared.Load()
		if to >= now || shared.CompareAndSwap(now, to) {
			return
		}
	}
}
