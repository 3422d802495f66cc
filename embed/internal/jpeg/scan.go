package jpeg

import "math"

// scan is one of the passes over the coefficients, and how far it was read.
type scan struct {
	*decoder
	parts    []part
	from, to int  // coefficients, in the order of scans
	shift    uint // how many bits are yet to come after this scan
	refines  bool
	interval int // units between restart markers

	bits     reader
	rest     []byte // from the next marker on
	left     int    // units up to that
	restarts int
	run      int // blocks yet to come of which nothing more is coded
}

// part is a component of a scan.
type part struct {
	Component
	at     int // among the picture's
	dc, ac *table
	last   int // the DC coefficient of the block before
}

// addScan reads a scan's header (T.81, B.2.3 and G.1.1.1), and gives what comes after the
// scan.
func (d *decoder) addScan(content, data []byte) (rest []byte, err error) {
	s, err := d.header(content)
	if err != nil {
		return nil, err
	}
	for rest = data; ; rest = rest[2:] {
		if rest, err = marked(rest); err != nil {
			return nil, err
		}
		if !restarts(rest) {
			break
		}
	}
	s.bits.data = d.room(len(data) - len(rest) + padding)
	if s.rest, err = s.bits.load(data); err != nil {
		return nil, err
	}
	if s.interval = d.interval; s.interval == 0 {
		s.interval = math.MaxInt
	}
	s.left = s.interval
	if d.scans = append(d.scans, s); len(d.scans) > mostScans {
		return nil, ErrOther
	}
	return rest, nil
}

// mostScans are as many as libjpeg-turbo takes in its own limit of scans.
const mostScans = 500

// restarts says whether what begins with a marker begins with one of restart.
func restarts(rest []byte) bool { return rest[1] >= markerRST0 && rest[1] < markerSOI }

func (d *decoder) header(content []byte) (*scan, error) {
	if len(content) < 1 {
		return nil, ErrOther
	}
	n := int(content[0])
	if len(content) != 4+2*n || n < 1 || n > len(d.photo.Components) {
		return nil, ErrOther
	}
	last := content[1+2*n:]
	high, low := last[2]>>4, last[2]&15
	s := &scan{decoder: d, from: int(last[0]), to: int(last[1]), shift: uint(low), refines: high != 0}
	// The DC coefficients have scans of their own; only those are of several components.
	if s.from == 0 && s.to != 0 || s.from > s.to || s.to > 63 || s.from > 0 && n > 1 || s.refines && high != low+1 || low+largest > 15 {
		return nil, ErrOther
	}
	for c := content[1 : 1+2*n]; len(c) > 0; c = c[2:] {
		if c[1]&0xcc != 0 {
			return nil, ErrOther
		}
		if err := s.add(c[0], d.tables[c[1]>>4], d.tables[16+c[1]&3]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// add adds a component. The scan must go on where the ones before it ended.
func (s *scan) add(id byte, dc, ac *table) error {
	for i, c := range s.photo.Components {
		if c.id != id {
			continue
		}
		before := unseen
		if s.refines {
			before = int(s.shift) + 1
		}
		shift := &s.decoder.shift[i]
		for k := s.from; k <= s.to; k++ {
			if shift[k] != before {
				return ErrOther
			}
			shift[k] = int(s.shift)
		}
		if s.from > 0 && (ac == nil || shift[0] == unseen) || s.from == 0 && !s.refines && dc == nil {
			return ErrOther
		}
		if len(s.parts) > 0 && i < s.parts[len(s.parts)-1].at {
			return ErrOther
		}
		s.parts = append(s.parts, part{Component: c, at: i, dc: dc, ac: ac})
		return nil
	}
	return ErrOther
}

// row reads what a scan says of a row of units of the picture (T.81, A.2).
func (s *scan) row(y int) error {
	if len(s.parts) > 1 {
		return s.units(y)
	}
	p := &s.parts[0]
	for i := range min(p.down, p.seenY-y*p.down) {
		row, nonzero := s.rows[p.at][y*p.down+i][:p.seenX], s.nonzero[p.at][i*p.Wide:]
		for len(row) > 0 {
			some, err := s.next(len(row))
			if err != nil {
				return err
			}
			if !s.read(p, row[:some], nonzero) || s.bits.over() {
				return ErrOther
			}
			row, nonzero = row[some:], nonzero[some:]
		}
	}
	return nil
}

// read reads blocks of a component, and says whether they were well-formed.
func (s *scan) read(p *part, blocks []Block, nonzero []uint64) bool {
	switch {
	case s.from > 0 && s.refines:
		return s.refine(p.ac, blocks, nonzero)
	case s.from > 0:
		return s.begin(p.ac, blocks, nonzero)
	case s.refines:
		return s.refineDC(blocks)
	default:
		return s.beginDC(p, blocks)
	}
}

// units reads a row of units of several components.
func (s *scan) units(y int) error {
	for x := 0; x < s.parts[0].Wide/s.parts[0].across; {
		some, err := s.next(s.parts[0].Wide/s.parts[0].across - x)
		if err != nil {
			return err
		}
		for end := x + some; x < end; x++ {
			for i := range s.parts {
				p := &s.parts[i]
				for _, row := range s.rows[p.at][y*p.down:][:p.down] {
					if blocks := row[x*p.across:][:p.across]; s.refines && !s.refineDC(blocks) || !s.refines && !s.beginDC(p, blocks) {
						return ErrOther
					}
				}
			}
		}
	}
	return nil
}

// next begins some units, and says how many: those that are wanted, but none after the next
// restart marker. It first passes over the marker where one is due (T.81, E.2.4).
func (s *scan) next(wanted int) (units int, err error) {
	if s.left == 0 {
		if !s.bits.spent() || s.run != 0 || s.rest[1] != markerRST0+byte(s.restarts%8) {
			return 0, ErrOther
		}
		if s.rest, err = s.bits.load(s.rest[2:]); err != nil {
			return 0, err
		}
		s.restarts++
		s.left = s.interval
		for i := range s.parts {
			s.parts[i].last = 0
		}
	}
	units = min(wanted, s.left)
	s.left -= units
	return units, nil
}
