package face

import (
	"fmt"
	"strconv"
	"strings"
)

// Position is how far a database's log of changes goes, in bytes since it was made:
// PostgreSQL's LSN. What was committed at a position is not undone by a later one.
type Position uint64

// String is the position as PostgreSQL writes it, such as "16/B374D848".
func (p Position) String() string { return fmt.Sprintf("%X/%X", uint32(p>>32), uint32(p)) }

// ParsePosition is the reverse of String. It returns Invalid for any other text.
func ParsePosition(text string) (Position, error) {
	high, low, _ := strings.Cut(text, "/")
	h, err := strconv.ParseUint(high, 16, 32)
	if err == nil {
		var l uint64
		if l, err = strconv.ParseUint(low, 16, 32); err == nil {
			return Position(h<<32 | l), nil
		}
	}
	return 0, Errorf(Invalid, "%q is no position: they are written like 16/B374D848", Readable(text))
}

// MarshalText writes the position as String does.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads it.
func (p *Position) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePosition(string(text))
	return err
}

// Region is where a search looks, by ids (UUIDs): in a gallery and, where Identities has
// any, among their faces alone; never among those of the Excluded.
type Region struct {
	Gallery              [16]byte
	Identities, Excluded [][16]byte
}

// Enrolled is a template of a gallery, with what searches filter by.
type Enrolled struct {
	// Face, Gallery and Identity are ids (UUIDs). Identity is zero for a face that
	// nobody has a name for.
	Face, Gallery, Identity [16]byte
	// Vector has as many components as the space has dimensions.
	Vector []float32
}
