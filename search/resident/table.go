package resident

import "hash/maphash"

// table finds numbers by their ids. It keeps nothing but the numbers, in 4 bytes each
// and as much again to a third of that in free places: what id a number has is asked
// for. Collisions go to the next free place (Knuth, The Art of Computer Programming,
// volume 3, 6.4, algorithms L and R).
type table struct {
	places []uint32 // number + 1, or 0 for a free one; a power of two of them
	used   int
	id     func(number uint32) [16]byte
	seed   maphash.Seed
}

func newTable(id func(number uint32) [16]byte) *table {
	return &table{places: make([]uint32, 16), id: id, seed: maphash.MakeSeed()}
}

// reserve makes room for so many ids, where none is known yet.
func (t *table) reserve(n int) {
	for len(t.places)*3/4 < n {
		t.places = make([]uint32, 2*len(t.places))
	}
}

// find returns the number of an id.
func (t *table) find(id [16]byte) (number uint32, known bool) {
	at := t.place(id)
	if t.places[at] == 0 {
		return 0, false
	}
	return t.places[at] - 1, true
}

// add makes an id known that is not.
func (t *table) add(id [16]byte, number uint32) {
	if t.used+1 > len(t.places)*3/4 {
		t.grow()
	}
	t.places[t.place(id)] = number + 1
	t.used++
}

// remove forgets an id, and moves those up that collided with it.
func (t *table) remove(id [16]byte) {
	gap := t.place(id)
	if t.places[gap] == 0 {
		return
	}
	t.used--
	mask := len(t.places) - 1
	for at := (gap + 1) & mask; t.places[at] != 0; at = (at + 1) & mask {
		home := t.home(t.id(t.places[at] - 1))
		if (at-home)&mask >= (at-gap)&mask { // it may stand in the gap
			t.places[gap] = t.places[at]
			gap = at
		}
	}
	t.places[gap] = 0
}

// place is where an id stands, or the free place where it would.
func (t *table) place(id [16]byte) int {
	at := t.home(id)
	for t.places[at] != 0 && t.id(t.places[at]-1) != id {
		at = (at + 1) & (len(t.places) - 1)
	}
	return at
}

func (t *table) home(id [16]byte) int {
	return int(maphash.Bytes(t.seed, id[:]) & uint64(len(t.places)-1))
}

func (t *table) grow() {
	old := t.places
	t.places = make([]uint32, 2*len(old))
	for _, number := range old {
		if number != 0 {
			t.places[t.place(t.id(number-1))] = number
		}
	}
}

func (t *table) bytes() int64 { return 4 * int64(len(t.places)) }

// names gives ids small numbers, from 1 on, for good; the zero id has number 0.
type names struct {
	ids   [][16]byte // by number
	table *table
}

func newNames() *names {
	n := &names{ids: make([][16]byte, 1)}
	n.table = newTable(func(number uint32) [16]byte { return n.ids[number] })
	n.table.add([16]byte{}, 0)
	return n
}

// number returns an id's number, a new one where it has none.
func (n *names) number(id [16]byte) uint32 {
	if number, known := n.table.find(id); known {
		return number
	}
	number := uint32(len(n.ids))
	n.ids = append(n.ids, id)
	n.table.add(id, number)
	return number
}

func (n *names) bytes() int64 { return 16*int64(cap(n.ids)) + n.table.bytes() }
