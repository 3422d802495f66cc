package client

import (
	"context"
	"net/http"

	"github.com/visagedb/visage/internal/face"
)

// Models are those that look at a photograph.
type Models struct {
	Recognizer string // defaults to the service's own
	Detector   string // defaults to the service's own
	// AntiSpoofing tells live faces from pictures of faces, which are left out.
	AntiSpoofing bool
}

func (m Models) values() map[string]string {
	return map[string]string{"model_name": m.Recognizer, "detector_backend": m.Detector, "anti_spoofing": truth(m.AntiSpoofing)}
}

// truth is what a form says of something that is so; nothing where it is not.
func truth(so bool) string {
	if so {
		return "true"
	}
	return ""
}

// Area is where a face is, in pixels of the photograph as displayed.
type Area struct {
	X int `json:"x"`
	Y int `json:"y"`
	W int `json:"w"`
	H int `json:"h"`
}

// Representation is the template of a face.
type Representation struct {
	*face.Liveness           // with AntiSpoofing
	Embedding      []float32 `json:"embedding"`
	FacialArea     Area      `json:"facial_area"`
	Confidence     float32   `json:"face_confidence"`
	Model          string    `json:"model"`
	Detector       string    `json:"detector_backend"`
	Space          string    `json:"space"`
}

// Represent returns the template of every face of a photograph, given as the bytes of
// a picture file. It returns the codes of photographs.
func (c *Client) Represent(ctx context.Context, photo []byte, m Models) ([]Representation, error) {
	r, err := request{method: http.MethodPost, path: "/represent"}.form(m.values(), files{"img": {photo}})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Results []Representation `json:"results"`
	}
	err = c.ask(ctx, r, &answer)
	return answer.Results, err
}

// Comparison says whether two photographs show the same person.
type Comparison struct {
	Verified   bool        `json:"verified"` // Distance is at most Threshold
	Distance   float64     `json:"distance"`
	Threshold  float64     `json:"threshold"`
	Confidence float64     `json:"confidence"` // 0 to 100, for display
	Model      string      `json:"model"`
	Detector   string      `json:"detector_backend"`
	Metric     face.Metric `json:"similarity_metric"`
	Space      string      `json:"space"`
}

// Verify compares two photographs, given as the bytes of picture files. It returns the
// codes of photographs.
func (c *Client) Verify(ctx context.Context, one, other []byte, m Models) (said Comparison, err error) {
	r, err := request{method: http.MethodPost, path: "/verify"}.form(m.values(), files{"img1": {one}, "img2": {other}})
	if err == nil {
		err = c.ask(ctx, r, &said)
	}
	return said, err
}
