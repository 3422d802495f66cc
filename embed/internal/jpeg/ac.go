package jpeg

import "math/bits"

// largest is the most bits of a coefficient that is not the DC (T.81, table F.2).
const largest = 10

// begin reads the upper bits of the scan's coefficients of blocks, and adds to the sets of
// those that are not zero (T.81, G.1.2.2). It says whether they were well-formed.
func (s *scan) begin(t *table, blocks []Block, nonzero []uint64) bool {
	data, pos, end := s.bits.data, s.bits.pos, 8*s.bits.end
	from, to, shift := s.from, s.to, s.shift&15
	for i := 0; i < len(blocks); i++ {
		if s.run > 0 {
			some := min(s.run, len(blocks)-i)
			s.run, i = s.run-some, i+some-1
			continue
		}
		if pos > end {
			return false
		}
		block, found := &blocks[i], uint64(0)
		for k := from; k <= to; k++ {
			held := next(data, pos)
			code := t.look(held)
			zeros, size := int(code>>12), uint(code>>8&15)
			if code == 0 || size > largest {
				return false
			}
			held <<= code & 63
			pos += int(code&63) + int(size)
			if k += zeros; size > 0 {
				if k > to {
					return false
				}
				block[natural[k&63]&63] = int16(extended(held, size) << shift)
				found |= 1 << (k & 63)
			} else if zeros < 15 {
				s.run = ends(zeros, held) - 1
				pos += zeros
				break
			}
		}
		nonzero[i] |= found
	}
	s.bits.pos = pos
	return true
}

// ends is of how many blocks nothing more is coded, this one included: 1<<n and what the
// next n bits say (T.81, G.1.2.2).
func ends(n int, held uint64) int { return 1<<n + int(held>>1>>(63-n&63)) }

// refine reads one more bit of the scan's coefficients of blocks, and adds to the sets of
// those that are not zero (T.81, G.1.2.3). It says whether they were well-formed.
func (s *scan) refine(t *table, blocks []Block, nonzero []uint64) bool {
	data, end := s.bits.data, 8*s.bits.end
	all := uint64(2)<<uint(s.to) - 1<<uint(s.from)
	for i := range blocks {
		if s.bits.pos > end {
			return false
		}
		left := nonzero[i] & all
		if s.run == 0 {
			var found uint64
			var ok bool
			if found, left, ok = s.refineBlock(t, &blocks[i], left); !ok {
				return false
			}
			nonzero[i] |= found
		}
		if s.run > 0 {
			for ; left != 0; left &= left - 1 {
				larger(&blocks[i][natural[bits.TrailingZeros64(left)&63]&63], bit(data, s.bits.pos), s.shift&15)
				s.bits.pos++
			}
			s.run--
		}
	}
	return true
}

// larger makes a coefficient larger by a bit, whatever its sign.
func larger(c *int16, bit byte, shift uint) {
	sign := *c >> 15
	*c += (int16(bit)<<shift ^ sign) - sign
}

// refineBlock reads what comes to be other than zero, which it returns, and what was that
// before, of which it returns what is left when nothing more is coded.
func (s *scan) refineBlock(t *table, block *Block, nonzero uint64) (found, left uint64, ok bool) {
	data, pos, to, shift := s.bits.data, s.bits.pos, s.to, s.shift&15
	left = nonzero
	for k := s.from; k <= to; k++ {
		held := next(data, pos)
		code := t.look(held)
		zeros, size := int(code>>12), int(code>>8&15)
		if code == 0 || size > 1 {
			return 0, 0, false
		}
		held <<= code & 63
		pos += int(code&63) + size
		if size == 0 && zeros < 15 {
			s.run = ends(zeros, held)
			pos += zeros
			break
		}
		// So many zeros are passed over, with what lies between them.
		for k += zeros; left != 0; k++ {
			at := bits.TrailingZeros64(left)
			if at > k {
				break
			}
			larger(&block[natural[at&63]&63], bit(data, pos), shift)
			pos++
			left &= left - 1
		}
		if k > to {
			return 0, 0, false
		}
		if size == 1 {
			block[natural[k&63]&63] = (int16(held>>63)*2 - 1) << shift
			found |= 1 << (uint(k) & 63)
		}
	}
	s.bits.pos = pos
	return found, left, true
}
