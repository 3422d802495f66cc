package ingest

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Report says what a run did, or in Plan mode what it would do. After a run
// that was stopped it counts what was settled and committed until then.
//
// Always Files = Ingested + Copied + Moved + Unchanged + Replaced + the sum of Rejected.
type Report struct {
	Gallery string `json:"gallery"`
	Space   string `json:"space"`
	Root    string `json:"root"`
	Mode    Mode   `json:"mode"`
	// Files counts the files that were found and settled, photographs or not,
	// without the hidden ones.
	Files int `json:"files"`
	// Ingested counts photographs that are newly enrolled in the space, after
	// they were embedded.
	Ingested int `json:"ingested"`
	// Copied counts photographs that are newly enrolled with the templates of
	// the same content under another path.
	Copied int `json:"copied"`
	// Moved counts photographs that the ledger knew under another path of the
	// folder, which is gone. They stay enrolled or rejected as they were.
	Moved int `json:"moved"`
	// Unchanged counts files whose content has an outcome in the space
	// already, enrolled or rejected.
	Unchanged int `json:"unchanged"`
	// Replaced counts photographs that are enrolled in place of another
	// content, which the ledger knew under the same path.
	Replaced int `json:"replaced"`
	// Removed counts photographs that Prune took from the gallery.
	Removed int `json:"removed"`
	// Vanished counts photographs of the ledger that are no longer in the
	// folder, whether or not Prune then removed them. It is 0 after a run
	// that did not see the whole folder, and leaves out what lies behind a
	// folder that could not be read.
	Vanished int `json:"vanished"`
	// Hidden counts files and folders that were skipped for their name.
	Hidden int `json:"hidden"`
	// Excluded counts files and folders that were skipped because Exclude names
	// them, or Include does not.
	Excluded int `json:"excluded"`
	// Rejected counts the files that gave no template by this run, by reason.
	Rejected map[face.Code]int `json:"rejected"`
	// FacesRejected counts, by reason, the faces that did not pass the gates in
	// photographs of which others did.
	FacesRejected map[face.Code]int `json:"faces_rejected"`
	// Faces counts the templates of Ingested, Copied and Replaced.
	Faces          int     `json:"faces"`
	Seconds        float64 `json:"seconds"`
	FacesPerSecond float64 `json:"faces_per_second"`
	// Rejections lists the files that Rejected counts, by path.
	Rejections []Rejection `json:"rejections,omitempty"`
	// RejectedFaces lists the faces that FacesRejected counts, by path.
	RejectedFaces []Rejection `json:"rejected_faces,omitempty"`
	// Folders lists the folders that were not read, by path.
	Folders []Rejection `json:"skipped_folders,omitempty"`
	// Changes lists, in Plan mode, what Enrol would change, by path.
	Changes []Change `json:"changes,omitempty"`
	// Also are the reports of further spaces, Config.Also. What is said of the
	// folder (Vanished, Removed, Hidden, Excluded, Folders) stands in the first alone.
	Also []Report `json:"also,omitempty"`
}

// Rejection says why a file, one face of an enrolled photograph, or a folder was
// not used.
type Rejection struct {
	Kind    RejectedKind `json:"kind"`
	Path    string       `json:"path"`            // absolute; bytes that are not UTF-8 as \xNN
	Space   string       `json:"space,omitempty"` // where the run has several
	Reason  face.Code    `json:"reason"`
	Message string       `json:"message"`
	// Box is that of the face, in the photograph's pixels, and Measures are the
	// face's, where one was found: of a file's, the most prominent.
	Box      *face.Box      `json:"box,omitempty"`
	Measures *face.Measures `json:"measures,omitempty"`
}

// RejectedKind says what was not used.
type RejectedKind string

// The kinds.
const (
	File    RejectedKind = "file"
	OneFace RejectedKind = "face"
	Folder  RejectedKind = "folder"
)

func (j Rejection) seenAt(t face.Template) Rejection {
	box, measures := t.Detection.Box, t.Measures // without the vector
	j.Box, j.Measures = &box, &measures
	return j
}

// Change is one line of a plan.
type Change struct {
	Path string     `json:"path"` // absolute; bytes that are not UTF-8 as \xNN
	Kind ChangeKind `json:"change"`
	From string     `json:"from,omitempty"` // where it is moved or copied from
}

// ChangeKind says what Enrol would do with a photograph.
type ChangeKind string

// The kinds of change. A photograph that is to be added or replaced may still
// turn out to be rejected.
const (
	Add     ChangeKind = "add"
	Replace ChangeKind = "replace"
	Rename  ChangeKind = "move"   // the same content under a new path
	Copy    ChangeKind = "copy"   // the same content under another path too
	Remove  ChangeKind = "remove" // has vanished, and Prune is set
)

func newReport(cfg Config) Report {
	return Report{
		Gallery: cfg.Gallery, Space: cfg.Space.Name(), Root: face.Readable(cfg.Root), Mode: cfg.Mode,
		Rejected: map[face.Code]int{}, FacesRejected: map[face.Code]int{},
	}
}

// settle counts a photograph that is not rejected, and in Plan mode lists what
// would change.
func (r *Report) settle(mode Mode, v verdict, change Change) {
	r.Files++
	switch v {
	case added:
		r.Ingested++
		change.Kind = Add
	case copied:
		r.Copied++
		change.Kind = Copy
	case moved:
		r.Moved++
		change.Kind = Rename
	case replaced:
		r.Replaced++
		change.Kind, change.From = Replace, ""
	default:
		r.Unchanged++
	}
	if mode == Plan && change.Kind != "" {
		r.Changes = append(r.Changes, change)
	}
}

func (r *Report) reject(j Rejection) {
	r.Files++
	r.Rejected[j.Reason]++
	r.Rejections = append(r.Rejections, j)
}

func (r *Report) rejectFace(j Rejection) {
	r.FacesRejected[j.Reason]++
	r.RejectedFaces = append(r.RejectedFaces, j)
}

// finish sorts the lists and takes the time, rounded to milliseconds.
func (r *Report) finish(elapsed time.Duration) {
	byPath := func(a, b Rejection) int { return strings.Compare(a.Path, b.Path) }
	slices.SortFunc(r.Rejections, byPath)
	slices.SortStableFunc(r.RejectedFaces, byPath)
	slices.SortFunc(r.Folders, byPath)
	slices.SortFunc(r.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	r.Seconds = math.Round(elapsed.Seconds()*1000) / 1000
	if elapsed > 0 {
		r.FacesPerSecond = math.Round(float64(r.Faces)/elapsed.Seconds()*1000) / 1000
	}
}
