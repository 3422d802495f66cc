package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// verification says whether a face is an identity's.
type verification struct {
	Verified   bool    `json:"verified"`   // Distance is at most Threshold
	Distance   float64 `json:"distance"`   // the mean of the Top nearest templates'
	Best       float64 `json:"best"`       // the nearest template's distance
	Confidence float64 `json:"confidence"` // for display; see search.Confidence
	FaceID     string  `json:"face_id"`    // of the nearest template
	Identity   string  `json:"identity"`
	IdentityID string  `json:"identity_id"`
	Templates  int     `json:"templates"` // how many the identity has in the space
	// Top is of how many templates Distance is the mean: as many as were asked for, or
	// all that there are.
	Top             int            `json:"top"`
	Detection       face.Detection `json:"detection"`
	Metric          face.Metric    `json:"metric"`
	Threshold       float64        `json:"threshold"`
	ThresholdSource string         `json:"threshold_source"`
	Model           string         `json:"model"`
	Space           string         `json:"space"`
	// Liveness is the JSON's is_real and antispoof_score of the face, which are absent
	// where nobody asked for them.
	*face.Liveness
	// Spoofs are faces that were not compared.
	Spoofs []search.Spoof `json:"spoofs,omitempty"`
}

// verifyIdentity answers POST /v1/galleries/{gallery}/identities/{identity}/verify: a
// photograph's faces, or a template, against all templates of an identity. Of several
// faces the nearest counts.
func (v v1) verifyIdentity(c echo.Context) error {
	identity, err := v.identityOf(c)
	if err != nil {
		return err
	}
	f, err := strictFields(c, "photo", "photos", "embedding", "face_id", "space", "model", "detector", "metric", "threshold", "top", "anti_spoofing", "spoofs")
	if err != nil {
		return err
	}
	opts := searchOptions(f)
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	probes, err := v.sought(ctx, f)
	if err != nil {
		return err
	}
	top := opts.Top
	opts.Gallery, opts.K, opts.Exact, opts.By, opts.Top = identity.Gallery, templatesEach(len(probes.templates)), true, search.ByFace, 1
	opts.Filter = face.Filter{Identities: []string{identity.Name}}
	if opts.Threshold, err = thresholdFor(f, probes, opts.Metric); err != nil {
		return err
	}
	result, err := v.searcher.Find(ctx, probes.templates, opts)
	if err != nil {
		return err
	}
	answer, err := nearestOf(result, top)
	if err != nil {
		return face.Wrap(face.CodeOf(err), err, "identity %q", identity.Name)
	}
	answer.Identity, answer.IdentityID, answer.Spoofs = identity.Name, identity.ID, probes.spoofs
	answer.Threshold, answer.ThresholdSource = result.Search.Threshold, result.Search.ThresholdSource
	answer.Verified = answer.Distance <= answer.Threshold
	limit := opts.Threshold
	if limit.Metric != opts.Metric {
		limit = face.Threshold{Metric: opts.Metric, Distance: answer.Threshold}
	}
	answer.Confidence = search.Confidence(limit, answer.Distance)
	return c.JSON(http.StatusOK, answer)
}

// mostCompared is how many templates of an identity are compared with all faces of a
// request together; 20 faces are compared with as many as any identity has.
const mostCompared = 20 * face.MostCandidates

// templatesEach is how many of them are compared with each of so many faces, the
// nearest.
func templatesEach(faces int) int { return min(face.MostCandidates, max(1, mostCompared/faces)) }

// nearestOf is the probe whose nearest templates of the identity, up to top, have the
// least mean distance. It returns NotFound where the identity has none.
func nearestOf(result search.FindResult, top int) (verification, error) {
	found := false
	var best verification
	for i, matches := range result.Results {
		if len(matches) == 0 {
			return best, face.Errorf(face.NotFound, "it has no template in space %s: enrol a face with the same model first", result.Search.Space)
		}
		n := min(top, len(matches))
		sum := 0.0
		for _, m := range matches[:n] {
			sum += m.Distance
		}
		if mean := sum / float64(n); !found || mean < best.Distance {
			found = true
			best = verification{
				Distance: mean, Best: matches[0].Distance, FaceID: matches[0].FaceID, Templates: len(matches), Top: n,
				Detection: result.Probes[i].Detection, Metric: result.Search.Metric, Model: result.Search.Model, Space: result.Search.Space,
				Liveness: result.Probes[i].Liveness,
			}
		}
	}
	return best, nil
}
