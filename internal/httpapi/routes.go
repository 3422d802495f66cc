package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// routes are all that is served, with who may use it.
func (s *Server) routes() []route {
	return []route{
		{http.MethodGet, "/healthz", rule{scope: open}, s.alive},
		{http.MethodGet, "/readyz", rule{scope: open}, s.ready},
		{http.MethodGet, "/metrics", rule{face.ScopeRead, everyGallery}, echo.WrapHandler(s.cfg.Metrics.Handler())},
		{http.MethodPost, "/represent", rule{face.ScopeRead, noGallery}, s.represent},
		{http.MethodPost, "/verify", rule{face.ScopeRead, noGallery}, s.verify},
	}
}
