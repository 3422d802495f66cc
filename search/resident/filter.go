package resident

// Filter narrows a search to some of an index's templates.
type Filter struct {
	// Gallery is that whose templates pass. Required.
	Gallery [16]byte
	// Identities are those whose templates pass. Defaults to all, and nobody's.
	Identities [][16]byte
	// Excluded are identities whose templates do not pass, even where they are among
	// Identities. Defaults to none.
	Excluded [][16]byte
}

// sieve is a Filter by numbers.
type sieve struct {
	gallery  uint32
	rows     int64 // of the gallery
	some     bool  // whether identities matter at all
	chosen   bool  // whether only those wanted pass
	wanted   set
	unwanted set
}

// passes says whether a row passes. One that holds nothing has gallery 0, which no sieve
// has. The identity, which lies elsewhere in memory, is not read where it does not
// matter.
func (s *sieve) passes(c *chunk, row int) bool {
	return c.gallery[row] == s.gallery && (!s.some || s.allows(c.identity[row]))
}

func (s *sieve) allows(identity uint32) bool {
	return (!s.chosen || s.wanted.has(identity)) && !s.unwanted.has(identity)
}

// sieve turns the ids of a filter into numbers, and says whether the gallery is known;
// nothing passes where it is not. Identities without number have no templates.
func (x *Index) sieve(f Filter) (s sieve, known bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if s.gallery, known = x.galleries.table.find(f.Gallery); known && int(s.gallery) < len(x.counts) {
		s.rows = x.counts[s.gallery]
	}
	s.chosen = len(f.Identities) > 0
	s.some = s.chosen || len(f.Excluded) > 0
	s.wanted, s.unwanted = x.identities.set(f.Identities), x.identities.set(f.Excluded)
	return s, known && s.gallery != 0
}

// set has a bit for each number.
type set []uint64

func (s set) has(number uint32) bool {
	word := int(number / 64)
	return word < len(s) && s[word]>>(number%64)&1 == 1
}

// set are the numbers of those ids that have one.
func (n *names) set(ids [][16]byte) set {
	if len(ids) == 0 {
		return nil
	}
	s := make(set, len(n.ids)/64+1)
	for _, id := range ids {
		if number, known := n.table.find(id); known {
			s[number/64] |= 1 << (number % 64)
		}
	}
	return s
}
