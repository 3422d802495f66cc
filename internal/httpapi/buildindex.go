package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// buildIndex answers POST /build/index: it builds the index by which templates of the
// models named are searched, unless it is there.
func (s *Server) buildIndex(c echo.Context) error {
	f, err := readFields(c)
	if err != nil {
		return err
	}
	choice, metric := modelsOf(f), metricOf(f)
	switch {
	case f.err != nil:
		return f.err
	case s.cfg.Builder == nil:
		return face.Errorf(face.Unavailable, "this server builds no indexes")
	}
	ctx := c.Request().Context()
	e, giveBack, err := s.cfg.Models.Lend(ctx, choice)
	if err != nil {
		return err
	}
	space := e.Space()
	giveBack() // a build takes no model, and may take hours
	if err := s.cfg.Builder.BuildIndex(ctx, space, metric); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"message": "Index built successfully", "space": space.Name()})
}
