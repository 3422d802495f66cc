package resident

import "sync/atomic"

// collector keeps the rows with the smallest keys of a scan. It holds up to twice as
// many as are wanted and, when it is full, counts them by key (a histogram) to find the
// key of the last one wanted; nothing is sorted. Rows stay in the order in which they
// came.
type collector struct {
	keep   int
	shared *atomic.Uint32 // keys from here on are of no use to any collector of the scan
	rows   []uint32
	keys   []uint16
	counts []uint32 // by key
}

// newCollector makes a collector of keys up to most.
func newCollector(keep, most int, shared *atomic.Uint32) *collector {
	return &collector{
		keep: keep, shared: shared, counts: make([]uint32, most+1),
		rows: make([]uint32, 0, 2*keep), keys: make([]uint16, 0, 2*keep),
	}
}

// limit is the key from which on rows are not taken.
func (c *collector) limit() uint32 { return c.shared.Load() }

// add takes a row whose key is below the limit.
func (c *collector) add(row uint32, key uint16) {
	c.rows, c.keys = append(c.rows, row), append(c.keys, key)
	if len(c.rows) == 2*c.keep {
		c.cut()
		lower(c.shared, uint32(c.last()))
	}
}

// cut leaves the wanted ones; of several with the last key wanted, those that came
// first.
func (c *collector) cut() {
	if len(c.rows) <= c.keep {
		return
	}
	last := c.last()
	same := c.keep
	for _, key := range c.keys {
		if key < last {
			same--
		}
	}
	kept := 0
	for i, key := range c.keys {
		if key > last || (key == last && same == 0) {
			continue
		}
		if key == last {
			same--
		}
		c.rows[kept], c.keys[kept] = c.rows[i], key
		kept++
	}
	c.rows, c.keys = c.rows[:kept], c.keys[:kept]
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
