package face

import "time"

// Image is one photograph as the ledger knows it. A gallery knows it by its
// path; its content by its SHA-256.
type Image struct {
	Path     string // absolute; any bytes that the file system allows, not only UTF-8
	SHA256   [32]byte
	Size     int64 // bytes
	ModTime  time.Time
	Identity string // name of the identity whose photograph it is; empty for none
	Metadata string // a JSON object to be kept with it; empty for none
	Width    int    // pixels, as displayed; 0 if it was never decoded
	Height   int
}

// Enrolment is what one photograph gave in one space: its templates, or the
// reason why there are none.
type Enrolment struct {
	Image     Image
	Space     Space
	Detector  string
	Rejected  Code   // "" where templates were found
	Detail    string // what the rejection said, for the report
	Templates []Template
}

// Move is a photograph that has another path than the ledger knows it by.
type Move struct {
	From string // absolute
	To   Image  // the same content, in its new place
	Keep bool   // it keeps its identity; otherwise it gets To's
}

// LedgerEntry is what the ledger remembers of one photograph in one space.
type LedgerEntry struct {
	Image    Image
	Detector string // of the last attempt
	Rejected Code   // "" if it was enrolled
}

// Photo is one photograph after embedding. Width and Height are in pixels, as
// displayed; both are 0 for templates that came as numbers, without a
// photograph. Templates come in the order of falling detector confidence.
type Photo struct {
	Width     int
	Height    int
	Templates []Template
}

// Choice says which faces of a photograph are wanted.
type Choice string

// The choices.
const (
	AllFaces  Choice = "all"
	Prominent Choice = "prominent" // the one that MostProminent names
)
