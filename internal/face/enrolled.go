package face

import "fmt"

// Position is how far a database's log of changes goes, in bytes since it was made:
// PostgreSQL's LSN. What was committed at a position is not undone by a later one.
type Position uint64

// String is the position as PostgreSQL writes it, such as "16/B374D848".
func (p Position) String() string { return fmt.Sprintf("%X/%X", uint32(p>>32), uint32(p)) }

// Enrolled is a template of a gallery, with what searches filter by.
type Enrolled struct {
	// Face, Gallery and Identity are ids (UUIDs). Identity is zero for a face that
	// nobody has a name for.
	Face, Gallery, Identity [16]byte
	// Vector has as many components as the space has dimensions.
	Vector []float32
}
