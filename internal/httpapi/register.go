package httpapi

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// registered is DeepFace's answer, and what we add.
type registered struct {
	Inserted int      `json:"inserted"`
	Names    []string `json:"img_names"` // of each photograph
	Gallery  string   `json:"gallery"`
	Model    string   `json:"model"`
	Detector string   `json:"detector_backend"`
	Space    string   `json:"space"`
	// Spoofs are the faces that are not enrolled, as pictures of faces.
	Spoofs []search.Spoof `json:"spoofs,omitempty"`
}

// register answers POST /register: it enrols every face of img under the identity
// img_name. A photograph that is enrolled under its name already is Exists, and then
// nothing is enrolled.
func (s *Server) register(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want, gallery, name := modelsOf(f), wantedOf(f, search.RejectSpoofs), galleryOf(f), f.text("img_name", "")
	if want.spoofs != search.RejectSpoofs {
		f.wrong("spoofs", "reject: pictures of faces are not enrolled by a request that looks for them")
	}
	f.flag("l2_normalize", false) // distances do not depend on it
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	e, giveBack, err := s.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return err
	}
	defer giveBack()
	photos, err := s.photographs(ctx, f, "img")
	if err != nil {
		return err
	}
	batch, without := make([]face.Enrolment, len(photos)), []search.Spoof(nil)
	for i, one := range photos {
		if one.vector != nil {
			return noPhotograph(one.name)
		}
		photo, spoofs, err := one.faces(ctx, e, one.among(photos), want)
		if err != nil {
			return err
		}
		batch[i], without = enrolment(one, name, e, photo), append(without, spoofs...)
	}
	if err := s.enrolNew(ctx, gallery, batch); err != nil {
		return err
	}
	answer := registered{Gallery: gallery, Model: e.Recognizer(), Detector: e.Detector(), Space: e.Space().Name(), Spoofs: without}
	for _, b := range batch {
		answer.Inserted += places(b.Templates)
		answer.Names = append(answer.Names, b.Image.Identity)
	}
	giveBack() // before the answer, which the caller may read slowly
	return c.JSON(http.StatusOK, answer)
}

// enrolment is that of a photograph's faces under a name or, without one, under one that DeepFace would give: the URL of a photograph, or a UUID.
//
// The ledger knows what was sent by its name and its content, so that photographs of
// one name stand beside each other, and the same one sent again is the same.
func enrolment(one sent, name string, e Embedder, photo face.Photo) face.Enrolment {
	name = cmp.Or(name, urlName(one.text))
	if name == "" {
		name = uuid.NewString()
	}
	sum := sha256.Sum256(one.photo)
	return face.Enrolment{
		Image: face.Image{
			Path: "sent:" + name + "/" + hex.EncodeToString(sum[:]), SHA256: sum, Size: int64(len(one.photo)),
			ModTime: time.Now().UTC().Truncate(time.Microsecond), Identity: name, Width: photo.Width, Height: photo.Height,
		},
		Space: e.Space(), Detector: e.Detector(), Templates: photo.Templates,
	}
}

// urlName is the text by which a photograph was named where DeepFace takes it for a
// name; empty for any other.
func urlName(text string) string {
	for _, end := range []string{".jpg", ".jpeg", ".png"} {
		if strings.HasSuffix(strings.ToLower(text), end) && strings.HasPrefix(strings.ToLower(text), "http") {
			return text
		}
	}
	return ""
}

// enrolNew enrols photographs none of which is enrolled yet.
func (s *Server) enrolNew(ctx context.Context, gallery string, batch []face.Enrolment) error {
	paths := make([]string, len(batch))
	for i, b := range batch {
		paths[i] = b.Image.Path
	}
	known, err := s.cfg.Store.Known(ctx, gallery, batch[0].Space, paths)
	if err != nil {
		return err
	}
	for i, path := range paths {
		if entry, found := known[path]; found && entry.Rejected == "" {
			return face.Errorf(face.Exists, "%s is enrolled already in gallery %q, as a photograph of %q: nothing was changed", indexed("img", i, len(paths)), gallery, entry.Image.Identity)
		}
	}
	return s.cfg.Store.Enrol(ctx, gallery, batch)
}

// places counts faces as the gallery does, for which two at one place are one.
func places(templates []face.Template) int {
	boxes := map[face.Box]bool{}
	for _, t := range templates {
		boxes[t.Detection.Box] = true
	}
	return len(boxes)
}
