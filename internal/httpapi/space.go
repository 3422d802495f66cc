package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// spaces answers GET /v1/spaces and GET /v1/indexes: all spaces with their templates'
// number, their indexes and what was measured of those.
func (v v1) spaces(c echo.Context) error {
	found, err := v.cfg.Resources.Indexes.SpaceIndexes(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"spaces": found})
}

// models answers GET /v1/models.
func (v v1) models(c echo.Context) error {
	found, err := v.cfg.Resources.Catalog.Models(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"models": found})
}
