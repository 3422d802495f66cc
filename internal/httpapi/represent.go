package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// represented is one face as DeepFace's represent answers it.
type represented struct {
	Embedding  []float32         `json:"embedding"`
	FacialArea search.FacialArea `json:"facial_area"`
	Confidence float32           `json:"face_confidence"`
	Model      string            `json:"model"`
	Space      string            `json:"space"`
}

// represent answers POST /represent: the template of every face of img.
func (s *Server) represent(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, want := modelsOf(f), Wanted{MaxFaces: f.whole("max_faces", 0), Anyway: !f.flag("enforce_detection", true)}
	if f.err != nil {
		return f.err
	}
	ctx := c.Request().Context()
	e, giveBack, err := s.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return err
	}
	defer giveBack()
	data, err := s.photograph(ctx, f, "img")
	if err != nil {
		return err
	}
	photo, err := e.Faces(ctx, data, want)
	if err != nil {
		return face.Wrap(face.CodeOf(err), err, "img")
	}
	results := make([]represented, len(photo.Templates))
	for i, t := range photo.Templates {
		results[i] = represented{
			Embedding: t.Vector, FacialArea: search.NewFacialArea(t.Detection, photo.Width, photo.Height),
			Confidence: t.Detection.Confidence, Model: e.Recognizer(), Space: t.Space.Name(),
		}
	}
	return c.JSON(http.StatusOK, map[string]any{"results": results})
}

// modelsOf are the fields that DeepFace's routes share.
func modelsOf(f *fields) Choice {
	return Choice{
		Recognizer: f.text("model_name", ""), Detector: f.text("detector_backend", ""), Unaligned: !f.flag("align", true),
		Expand: f.whole("expand_percentage", 0), Normalization: f.text("normalization", ""),
	}
}
