package jpeg

import (
	"encoding/binary"
	"slices"
)

// Photo is a progressive JPEG whose header was read.
type Photo struct {
	// Width and Height are in pixels.
	Width, Height int
	// Components are one, of grey, or three.
	Components []Component

	header []byte // the segments before the first scan that say what the coefficients mean
	scans  []byte // from the first segment on
}

// Component is one of the planes of a picture.
type Component struct {
	// Wide and High are how many blocks there is room for, with those at the right and at
	// the bottom that only fill up a unit of a scan of several components.
	Wide, High int

	id           byte
	across, down int // its samples, in relation to those of the others
	seenX, seenY int // how many blocks hold part of the picture
}

// most are the blocks that a unit of a scan may have (T.81, B.2.3).
const most = 10

// Read reads the header of a JPEG, of which it keeps the bytes. The error is ErrOther.
func Read(data []byte) (*Photo, error) {
	if len(data) < 4 || data[0] != 0xff || data[1] != markerSOI {
		return nil, ErrOther
	}
	p := &Photo{scans: data[2:], header: []byte{0xff, markerSOI}}
	rest := p.scans
	for {
		marker, content, after, err := segment(rest)
		if err != nil {
			return nil, err
		}
		switch marker {
		case markerSOS:
			if p.Components == nil {
				return nil, ErrOther
			}
			return p, nil
		case markerSOF2:
			if err := p.frame(content); err != nil {
				return nil, err
			}
			fallthrough
		case markerAPP0, markerAPP14, markerDQT:
			p.header = append(p.header, rest[:len(rest)-len(after)]...)
		}
		rest = after
	}
}

// segment gives the marker and the content of a segment, and what comes after it. The end
// of the picture has no content.
func segment(data []byte) (marker byte, content, after []byte, err error) {
	if len(data) < 2 || data[0] != 0xff {
		return 0, nil, nil, ErrOther
	}
	switch marker = data[1]; {
	case marker == markerEOI:
		return marker, nil, data[2:], nil
	case marker == markerSOF2, marker == markerDHT, marker == markerDQT, marker == markerDRI, marker == markerSOS,
		marker == markerCOM, marker >= markerAPP0 && marker <= markerAPP15:
	default:
		return 0, nil, nil, ErrOther
	}
	if len(data) < 4 {
		return 0, nil, nil, ErrOther
	}
	size := int(binary.BigEndian.Uint16(data[2:]))
	if size < 2 || size > len(data)-2 {
		return 0, nil, nil, ErrOther
	}
	return marker, data[4 : 2+size], data[2+size:], nil
}

// frame reads the frame header (T.81, B.2.2).
func (p *Photo) frame(content []byte) error {
	if p.Components != nil || len(content) < 6 || content[0] != 8 || len(content) != 6+3*int(content[5]) || content[5] != 1 && content[5] != 3 {
		return ErrOther
	}
	p.Height, p.Width = int(binary.BigEndian.Uint16(content[1:])), int(binary.BigEndian.Uint16(content[3:]))
	across, down, blocks := 0, 0, 0
	for c := content[6:]; len(c) > 0; c = c[3:] {
		one := Component{id: c[0], across: int(c[1] >> 4), down: int(c[1] & 15)}
		if slices.ContainsFunc(p.Components, func(other Component) bool { return other.id == one.id }) {
			return ErrOther
		}
		p.Components = append(p.Components, one)
		across, down, blocks = max(across, one.across), max(down, one.down), blocks+one.across*one.down
	}
	if p.Width == 0 || p.Height == 0 || blocks > most && len(p.Components) > 1 {
		return ErrOther
	}
	for i := range p.Components {
		c := &p.Components[i]
		if c.across < 1 || c.across > 4 || c.down < 1 || c.down > 4 {
			return ErrOther
		}
		c.seenX, c.seenY = over(p.Width*c.across, 8*across), over(p.Height*c.down, 8*down)
		c.Wide, c.High = over(c.seenX, c.across)*c.across, over(c.seenY, c.down)*c.down
	}
	return nil
}

// over is a divided by b, rounded up.
func over(a, b int) int { return (a + b - 1) / b }

// Blank is a JPEG of the same header whose coefficients are all zero: another decoder makes
// room for them by it, and learns what they will mean.
func (p *Photo) Blank() []byte {
	out := slices.Clone(p.header)
	// A table of one code of one bit, for a mean that is the one before.
	out = append(out, 0xff, markerDHT, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	out = append(out, 0xff, markerSOS, 0, byte(6+2*len(p.Components)), byte(len(p.Components)))
	blocks := 0
	for _, c := range p.Components {
		out = append(out, c.id, 0)
		blocks += c.Wide * c.High
	}
	if len(p.Components) == 1 {
		blocks = p.Components[0].seenX * p.Components[0].seenY
	}
	out = append(out, 0, 0, 0)
	out = append(out, make([]byte, over(blocks, 8))...)
	return append(out, 0xff, markerEOI)
}
