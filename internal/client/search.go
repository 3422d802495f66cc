package client

import (
	"context"
	"net/http"

	"github.com/visagedb/visage/internal/face"
)

// Query says what to search for, and how: Photo or Photos, or else Embedding or FaceID.
type Query struct {
	Photo  []byte   `json:"photo,omitempty"` // the bytes of a picture file
	Photos [][]byte `json:"photos,omitempty"`
	// SamePerson says that all photographs are of one person, who is searched for once by
	// the most prominent face of each. Of Search only.
	SamePerson bool `json:"same_person,omitempty"`
	// AntiSpoofing tells live faces from pictures of faces, which Spoofs leaves out
	// (reject, the default) or flags (flag).
	AntiSpoofing bool   `json:"anti_spoofing,omitempty"`
	Spoofs       string `json:"spoofs,omitempty"`

	Embedding []float32 `json:"embedding,omitempty"`
	FaceID    string    `json:"face_id,omitempty"` // an enrolled face
	// Space is that of the Embedding, which needs one, or of the face's template.
	Space     string       `json:"space,omitempty"`
	Model     string       `json:"model,omitempty"`     // defaults to the service's own
	Detector  string       `json:"detector,omitempty"`  // defaults to the service's own
	MaxFaces  int          `json:"max_faces,omitempty"` // defaults to all
	K         int          `json:"k,omitempty"`         // candidates of each face; defaults to 10
	Metric    face.Metric  `json:"metric,omitempty"`    // defaults to cosine
	Threshold *float64     `json:"threshold,omitempty"` // defaults to the model's own
	MinRecall float64      `json:"min_recall,omitempty"`
	Exact     bool         `json:"exact,omitempty"`
	By        string       `json:"by,omitempty"` // face or identity; defaults to face
	Top       int          `json:"top,omitempty"`
	Filter    *face.Filter `json:"filter,omitempty"` // defaults to everybody
	// MinLSN is the position of a write that the search must know of, see
	// Client.Position. Defaults to none. Of Search only.
	MinLSN string `json:"min_lsn,omitempty"`
}

// Match is one candidate.
type Match struct {
	face.Candidate
	Templates  int     `json:"templates"` // by identity, of how many Distance is the mean
	Distance   float64 `json:"distance"`
	Threshold  float64 `json:"threshold"`
	Confidence float64 `json:"confidence"` // 0 to 100, for display
	Decision   string  `json:"decision"`   // match, ambiguous or unknown
}

// Found is the answer of a search.
type Found struct {
	Results [][]Match `json:"results"` // of each face, the nearest first
	Probes  []struct {
		*face.Liveness                // with AntiSpoofing
		Detection      face.Detection `json:"detection"`
		Decision       string         `json:"decision"`
		Identity       string         `json:"identity"` // decided for; empty unless Decision is match
	} `json:"probes"`
	Spoofs []Spoof `json:"spoofs"` // that were left out
	Search struct {
		face.Plan
		Space           string      `json:"space"`
		Metric          face.Metric `json:"metric"`
		Threshold       float64     `json:"threshold"`
		ThresholdSource string      `json:"threshold_source"`
	} `json:"search"`
}

// Spoof is a picture of a face.
type Spoof struct {
	face.Liveness
	Image      string `json:"image"` // the photograph, where there are several
	FacialArea Area   `json:"facial_area"`
}

// Verdict says whether a face is an identity's.
type Verdict struct {
	Verified   bool    `json:"verified"` // Distance is at most Threshold
	Distance   float64 `json:"distance"`
	Best       float64 `json:"best"` // the nearest template's
	Threshold  float64 `json:"threshold"`
	Confidence float64 `json:"confidence"` // 0 to 100, for display
	FaceID     string  `json:"face_id"`    // of the nearest template
	Identity   string  `json:"identity"`
	IdentityID string  `json:"identity_id"`
	Templates  int     `json:"templates"` // how many the identity has in the space
	Space      string  `json:"space"`
	Spoofs     []Spoof `json:"spoofs"` // that were left out
}

// Search finds who somebody is. It returns the codes of photographs, and NotFound,
// Invalid and Mismatch.
func (c *Client) Search(ctx context.Context, gallery string, q Query) (found Found, err error) {
	r, err := request{method: http.MethodPost, path: galleryPath(gallery) + "/search"}.sending(q)
	if err == nil {
		err = c.ask(ctx, r, &found)
	}
	return found, err
}

// VerifyIdentity says whether somebody is an identity. It returns the codes of Search.
func (c *Client) VerifyIdentity(ctx context.Context, gallery, id string, q Query) (said Verdict, err error) {
	r, err := request{method: http.MethodPost, path: identityPath(gallery, id) + "/verify"}.sending(q)
	if err == nil {
		err = c.ask(ctx, r, &said)
	}
	return said, err
}
