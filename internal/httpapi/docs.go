package httpapi

import "github.com/labstack/echo/v4"

func (s *Server) page(c echo.Context) error { return c.HTML(200, "x") }
