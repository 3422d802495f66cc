package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// positionHeader is where an answer to a write says how far the database's log goes, up
// to which it has the write.
const positionHeader = "Visage-Position"

// placed is the handler of a route, which tells the position if it writes.
func (s *Server) placed(r route) echo.HandlerFunc {
	if s.cfg.Position == nil || r.scope != face.ScopeEnrol && r.scope != face.ScopeDelete {
		return r.handle
	}
	return func(c echo.Context) error {
		c.Response().Before(func() { // once the write is done, and before its answer
			if _, kept := c.Response().Writer.(*recorder); kept || c.Response().Status >= http.StatusBadRequest {
				return // not committed yet, or not done
			}
			at, err := s.cfg.Position(c.Request().Context())
			if err != nil { // the write is done all the same
				s.cfg.Logger.Warn("the position of a write is not known", "error", err)
				return
			}
			c.Response().Header().Set(positionHeader, at.String())
		})
		return r.handle(c)
	}
}

// position is a field that says how far a search's data must have come.
func (f *fields) position(name string) face.Position {
	text := f.text(name, "")
	if text == "" {
		return 0
	}
	at, err := face.ParsePosition(text)
	if err != nil {
		f.refuse(face.Wrap(face.Invalid, err, "%s", name))
	}
	return at
}
