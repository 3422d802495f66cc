package jpeg

// largestDC is the most bits of the difference between two DC coefficients, at 8 bits a
// sample (T.81, table F.1).
const largestDC = 11

// refineDC reads one more bit of the DC coefficients of blocks (T.81, G.1.2.1).
func (s *scan) refineDC(blocks []Block) bool {
	for i := range blocks {
		if s.bits.over() {
			return false
		}
		blocks[i][0] |= int16(bit(s.bits.data, s.bits.pos)) << (s.shift & 15)
		s.bits.pos++
	}
	return true
}

// beginDC reads the upper bits of the DC coefficients of blocks, each as the difference from
// the one before (T.81, F.2.2.1 and G.1.2.1).
func (s *scan) beginDC(p *part, blocks []Block) bool {
	data, pos, end, last := s.bits.data, s.bits.pos, 8*s.bits.end, p.last
	for i := range blocks {
		if pos > end {
			return false
		}
		held := next(data, pos)
		code := p.dc.look(held)
		size := uint(code >> 8)
		if code == 0 || size > largestDC {
			return false
		}
		if size > 0 {
			last += extended(held<<(code&63), size)
		}
		pos += int(code&63) + int(size)
		shifted := last << (s.shift & 15)
		if shifted != int(int16(shifted)) {
			return false
		}
		blocks[i][0] = int16(shifted)
	}
	s.bits.pos, p.last = pos, last
	return true
}
