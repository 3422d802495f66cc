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

// route names the resources. Those that write take an Idempotency-Key.
func (v v1) route(at *echo.Group) {
	once := v.idempotent
	at.GET("/galleries", v.galleries)
	at.POST("/galleries", v.createGallery, once)
	at.GET("/galleries/:gallery", v.gallery)
	at.DELETE("/galleries/:gallery", v.deleteGallery, once)
	at.POST("/galleries/:gallery/search", v.search)

	const people, person = "/galleries/:gallery/identities", "/galleries/:gallery/identities/:identity"
	at.GET(people, v.identities)
	at.POST(people, v.createIdentity, once)
	at.GET(person, v.identity)
	at.PATCH(person, v.renameIdentity, once)
	at.DELETE(person, v.deleteIdentity, once)
	at.POST(person+"/merge", v.mergeIdentity, once)
	at.POST(person+"/verify", v.verifyIdentity)
	at.GET(person+"/faces", v.faces)
	at.POST(person+"/faces", v.addFaces, once)
	at.GET("/merges/:merge", v.merge)
	at.POST("/merges/:merge/undo", v.undoMerge, once)

	at.GET("/faces/:face", v.face)
	at.PATCH("/faces/:face", v.moveFace, once)
	at.DELETE("/faces/:face", v.deleteFace, once)
	at.GET("/faces/:face/crop", v.crop)

	at.GET("/spaces", v.spaces)
	at.GET("/models", v.models)
	at.GET("/indexes", v.spaces)
	at.POST("/indexes", v.changeIndex, once)
	at.POST("/recall", v.measureRecall, once)
	at.GET("/operations", v.operations)
	at.GET("/operations/:operation", v.operation)
	at.GET("/jobs", v.jobs)
	at.POST("/jobs", v.enqueue, once)
	at.GET("/jobs/:job", v.job)
	at.DELETE("/jobs/:job", v.cancelJob, once)
}

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
