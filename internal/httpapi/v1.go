package httpapi

import (
	"net/http"
	"net/url"
	"strconv"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// v1 answers what is asked for below /v1.
type v1 struct{ *Server }

// store is the database.
func (v v1) store() ResourceStore { return v.cfg.Resources.Store }

// param is a part of the path, as the caller meant it. It is malformed where it is
// not UTF-8.
func param(c echo.Context, name string) (string, error) {
	text := c.Param(name)
	if c.Request().URL.RawPath != "" { // the router went by what was sent
		unescaped, err := url.PathUnescape(text)
		if err != nil {
			return "", malformed{face.Errorf(face.Invalid, "the path cannot be read")}
		}
		text = unescaped
	}
	if !utf8.ValidString(text) {
		return "", malformed{face.Errorf(face.Invalid, "the path's %s is not UTF-8", name)}
	}
	return text, nil
}

// galleryIn is the gallery that the path names.
func galleryIn(c echo.Context) (string, error) {
	name, err := param(c, "gallery")
	if err == nil {
		err = face.CheckName("the gallery's name", name)
	}
	return name, err
}

// usualLimit is how many things a list has where nobody says.
const usualLimit = 100

// pageOf reads limit, cursor and prefix.
func pageOf(c echo.Context) (face.Page, error) {
	page := face.Page{After: c.QueryParam("cursor"), Prefix: c.QueryParam("prefix"), Limit: usualLimit}
	if text := c.QueryParam("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > face.MostListed {
			return page, face.Errorf(face.Invalid, "limit must be a whole number from 1 to %d", face.MostListed)
		}
		page.Limit = n
	}
	if page.Prefix != "" {
		return page, face.CheckName("prefix", page.Prefix)
	}
	return page, nil
}

// listed answers with a part of a list. The next part's cursor is null at its end.
func listed[T any](c echo.Context, name string, part []T, next string) error {
	if part == nil {
		part = []T{}
	}
	answer := map[string]any{name: part, "next_cursor": nil}
	if next != "" {
		answer["next_cursor"] = next
	}
	return c.JSON(http.StatusOK, answer)
}

// created answers with something new and where it is.
func created(c echo.Context, location string, what any) error {
	c.Response().Header().Set(echo.HeaderLocation, location)
	return c.JSON(http.StatusCreated, what)
}
