package httpapi

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// outcome is what came of one photograph: faces, or why there are none.
type outcome struct {
	Index  int           `json:"index"` // among the photographs, from 0: a form's files, then texts
	Name   string        `json:"name,omitempty"`
	Status string        `json:"status"` // enrolled, present or rejected
	Faces  []face.Stored `json:"faces"`
	// Assessed are the faces that were chosen or, of a rejected photograph, the most
	// prominent one, where one was found.
	Assessed []assessed `json:"assessed,omitempty"`
	// LeftOut are faces that count and fell short beside others that did not.
	LeftOut []leftOut `json:"left_out,omitempty"`
	Error   *told     `json:"error,omitempty"`
}

// addFaces answers POST /v1/galleries/{gallery}/identities/{identity}/faces.
func (v v1) addFaces(c echo.Context) error {
	identity, err := v.identityOf(c)
	if err != nil {
		return err
	}
	f, err := strictFields(c, "photo", "photos", "embedding", "space", "model", "detector", "faces", "quality", "min_quality", "anti_spoofing")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	var outcomes []outcome
	var additions []face.Addition
	if f.sent("embedding") {
		if f.flag("anti_spoofing", false) {
			return noneToTell("an embedding")
		}
		if err := f.ofPhotographs("embedding", "model", "detector", "faces", "quality", "min_quality"); err != nil {
			return err
		}
		outcomes, additions, err = v.template(ctx, f)
	} else {
		outcomes, additions, err = v.enrolment(ctx, f)
	}
	if err != nil {
		return err
	}
	if len(additions) == 0 {
		return c.JSON(http.StatusUnprocessableEntity, failure{told{
			Code: outcomes[0].Error.Code, Message: fmt.Sprintf("none of %d photographs could be enrolled: %s", len(outcomes), outcomes[0].Error.Message),
			Details: map[string]any{"results": outcomes},
		}, requestID(c)})
	}
	added, err := v.store().AddFaces(ctx, identity.Gallery, identity.ID, additions)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, map[string]any{"identity": identity.Name, "identity_id": identity.ID, "results": filled(outcomes, added)})
}

// filled puts what was added into the outcomes that were not rejected, in order.
func filled(outcomes []outcome, added []face.Added) []outcome {
	for i := range outcomes {
		if outcomes[i].Error != nil {
			continue
		}
		outcomes[i].Status, outcomes[i].Faces = "enrolled", added[0].Faces
		for k := range outcomes[i].Faces { // are for who may read
			outcomes[i].Faces[k].Attributes = nil
		}
		if added[0].Present {
			outcomes[i].Status = "present"
		}
		added = added[1:]
	}
	return outcomes
}

// gatesOf are what faces need to be enrolled: the field faces says which of a
// photograph count, quality any lets all pass, but for pictures of faces with
// anti_spoofing, and min_quality asks for a score.
func gatesOf(f *fields) ingest.Gates {
	gates := ingest.DefaultGates()
	switch quality := f.text("quality", "usual"); quality {
	case "usual":
	case "any":
		gates = ingest.Gates{}
	default:
		f.wrong("quality", "usual or any")
	}
	if gates.MinQuality = f.number("min_quality", 0); gates.MinQuality < 0 || gates.MinQuality > 1 {
		f.wrong("min_quality", "a number from 0 to 1")
	}
	switch which := ingest.Faces(f.text("faces", string(ingest.Largest))); which {
	case ingest.Largest, ingest.All, ingest.Reject:
		gates.Faces = which
	default:
		f.wrong("faces", "largest, all or reject")
	}
	gates.Live = f.flag("anti_spoofing", false)
	return gates
}

// enrolment embeds photographs. Those that cannot be enrolled have their reason in
// the outcomes.
func (v v1) enrolment(ctx context.Context, f *fields) ([]outcome, []face.Addition, error) {
	gates, choice := gatesOf(f), choiceOf(f)
	if f.sent("space") {
		f.wrong("space", "left out for photographs: the model decides it")
	}
	photos, err := v.uploads(ctx, f)
	if err != nil {
		return nil, nil, err
	}
	e, giveBack, err := v.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return nil, nil, err
	}
	defer giveBack()
	outcomes := make([]outcome, len(photos))
	var additions []face.Addition
	for i, photo := range photos {
		outcomes[i] = outcome{Index: i, Name: photo.name, Faces: []face.Stored{}}
		a, err := v.addition(ctx, e, photo, gates, &outcomes[i])
		switch {
		case err == nil:
			additions = append(additions, a)
		case fatal(err):
			return nil, nil, err
		default:
			_, why := describe(err)
			outcomes[i].Status, outcomes[i].Error = "rejected", &why
		}
	}
	return outcomes, additions, nil
}

// addition embeds one photograph and picks its faces, of which it tells the outcome,
// also where none is good enough.
func (v v1) addition(ctx context.Context, e Embedder, photo upload, gates ingest.Gates, about *outcome) (face.Addition, error) {
	if photo.err != nil {
		return face.Addition{}, photo.err
	}
	seen, err := e.Faces(ctx, photo.data, Wanted{Liveness: gates.Live})
	if err != nil {
		return face.Addition{}, err
	}
	a := face.Addition{SHA256: sha256.Sum256(photo.data), Size: int64(len(photo.data)), Width: seen.Width, Height: seen.Height, Detector: e.Detector()}
	picked, left, err := gates.Pick(seen)
	if err != nil {
		about.Assessed = assessedOf(mostProminent(seen))
		return face.Addition{}, err
	}
	a.Templates, about.Assessed, about.LeftOut = picked, assessedOf(picked), leftOutOf(left)
	if cutter := v.cfg.Resources.Crops; cutter != nil {
		boxes := make([]face.Box, len(a.Templates))
		for i, t := range a.Templates {
			boxes[i] = t.Detection.Box
		}
		a.Crops, err = cutter.Crops(ctx, photo.data, boxes)
	}
	return a, err
}
