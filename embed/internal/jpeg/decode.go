package jpeg

import "encoding/binary"

// decoder is what is known of a picture while its scans are listed, and read.
type decoder struct {
	photo    *Photo
	rows     [][][]Block
	nonzero  [][]uint64 // by component: which coefficients of a row of units are not zero, in the order of scans, but for the DC
	shift    [][64]int  // by component: how many bits of a coefficient are yet to come, or unseen
	tables   [20]*table // of the DC coefficients from 0 on, of others from 16 on
	defined  int        // tables, so far
	interval int        // units between restart markers; 0 for none
	scans    []*scan
	scratch  []byte
}

// unseen is the shift of a coefficient that no scan was about.
const unseen = -1

// Coefficients adds the coefficients to blocks that are all zero: of each component, so
// many rows of so many as it says. All scans are read side by side, each as far as a row of
// units goes, so that the row stays in the processor's cache. The error is ErrOther, after
// which the blocks hold anything. Several goroutines may use a Photo, each with scratch of
// its own: memory to work in, of which Scratch bytes save new memory in most pictures.
func (p *Photo) Coefficients(rows [][][]Block, scratch []byte) error {
	d := &decoder{photo: p, rows: rows, scratch: scratch, shift: make([][64]int, len(p.Components))}
	for i, c := range p.Components {
		d.nonzero = append(d.nonzero, make([]uint64, c.Wide*c.down))
		for k := range d.shift[i] {
			d.shift[i][k] = unseen
		}
	}
	if err := d.list(p.scans); err != nil {
		return err
	}
	for y := range p.Components[0].High / p.Components[0].down {
		for _, s := range d.scans {
			if err := s.row(y); err != nil {
				return err
			}
		}
		for _, component := range d.nonzero {
			clear(component)
		}
	}
	for _, s := range d.scans {
		if !s.bits.spent() || s.run != 0 || restarts(s.rest) {
			return ErrOther
		}
	}
	return nil
}

// list reads the segments up to the picture's end, and says whether the scans give all bits
// of all coefficients.
func (d *decoder) list(rest []byte) error {
	for {
		marker, content, after, err := segment(rest)
		if err != nil {
			return err
		}
		switch marker {
		case markerDHT:
			err = d.defineTables(content)
		case markerDRI:
			if len(content) != 2 {
				return ErrOther
			}
			d.interval = int(binary.BigEndian.Uint16(content))
		case markerSOS:
			after, err = d.addScan(content, after)
		case markerDQT, markerSOF2:
			if len(d.scans) > 0 {
				return ErrOther
			}
		case markerEOI:
			for _, component := range d.shift {
				if component != [64]int{} {
					return ErrOther
				}
			}
			return nil
		}
		if err != nil {
			return err
		}
		rest = after
	}
}

// Scratch is how many bytes Coefficients works in: those of the picture, and room for as
// many scans as progressive JPEGs have, 10 to 12 in practice.
func (p *Photo) Scratch() int { return len(p.scans) + 16*padding }

// room is so many bytes of scratch, or of new memory.
func (d *decoder) room(size int) []byte {
	if size > len(d.scratch) {
		return make([]byte, 0, size)
	}
	out := d.scratch[:0:size]
	d.scratch = d.scratch[size:]
	return out
}
