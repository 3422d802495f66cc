package face

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Page asks for a part of a list.
type Page struct {
	// After is the cursor of the part before; empty for the first part.
	After string
	// Limit is how many to return, from 1 to MostListed.
	Limit int
	// Prefix keeps what has a name that begins so, byte for byte; empty for all.
	Prefix string
	// Among keeps what has one of these names, where galleries are listed. Defaults to
	// all.
	Among []string
}

// MostListed is up to how many things a Page has.
const MostListed = 1_000

// Stored is an enrolled face, without its templates.
type Stored struct {
	ID         string    `json:"id"` // UUID
	Gallery    string    `json:"gallery"`
	Identity   *string   `json:"identity"`    // name; nil for a face that belongs to nobody
	IdentityID *string   `json:"identity_id"` // UUID
	Image      string    `json:"image"`       // path by which the gallery knows the photograph
	SHA256     string    `json:"image_sha256"`
	Width      int       `json:"image_width"` // pixels, as displayed; 0 for templates that came without a photograph
	Height     int       `json:"image_height"`
	Box        Box       `json:"box"`
	Landmarks  Landmarks `json:"landmarks"`
	Confidence float32   `json:"confidence"`
	Detector   string    `json:"detector"`
	Spaces     []string  `json:"spaces"` // names of those in which it has a template, by name
	Crop       bool      `json:"crop"`   // a picture of it is kept
	CreatedAt  time.Time `json:"created_at"`
	// Attributes are what models estimated of it; nil where an ingest did not ask.
	Attributes map[Attribute]Estimate `json:"attributes,omitempty"`
}

// Addition is what to enrol for an identity that exists: one photograph's
// templates, all of one space, or one template that came without a photograph.
type Addition struct {
	SHA256        [32]byte // of the photograph, or of the template
	Size          int64    // bytes
	Width, Height int      // pixels, as displayed; 0 without a photograph
	Detector      string
	Templates     []Template // at least one
	// Crops are pictures of the templates' faces, JPEG, to be kept. Defaults to none.
	Crops [][]byte
}

// Added is what came of an Addition.
type Added struct {
	Faces []Stored `json:"faces"`
	// Present says that the identity had the photograph in the space before: nothing
	// was changed.
	Present bool `json:"present"`
}

// Merge is the record of a merge of identities.
type Merge struct {
	ID        string     `json:"id"` // UUID
	Gallery   string     `json:"gallery"`
	From      string     `json:"from"`    // name of the identity that went
	FromID    string     `json:"from_id"` // which it gets back
	Into      string     `json:"into"`
	IntoID    string     `json:"into_id"`
	Images    int        `json:"images"` // that were moved
	Faces     int        `json:"faces"`
	CreatedAt time.Time  `json:"created_at"`
	UndoneAt  *time.Time `json:"undone_at"` // nil while it stands
}

// mostName is how many bytes a name has at most; see package migrations.
const mostName = 1_024

// CheckName returns Invalid for what cannot be the name of a gallery or an identity:
// nothing, more than 1,024 bytes, and bytes that are no UTF-8 or zero. What is the
// name's says kind.
func CheckName(kind, name string) error {
	switch {
	case name == "":
		return Errorf(Invalid, "%s is empty: a name has 1 to %d bytes", kind, mostName)
	case len(name) > mostName:
		return Errorf(Invalid, "%s has %d bytes: a name has 1 to %d", kind, len(name), mostName)
	case !utf8.ValidString(name):
		return Errorf(Invalid, "%s %q is not UTF-8", kind, Readable(name))
	case strings.IndexByte(name, 0) >= 0:
		return Errorf(Invalid, "%s %q holds a zero byte, which no name may", kind, Readable(name))
	default:
		return nil
	}
}
