package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// faces answers GET /v1/galleries/{gallery}/identities/{identity}/faces.
func (v v1) faces(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	identity, err := v.identityOf(c)
	if err != nil {
		return err
	}
	found, next, err := v.store().FacePage(c.Request().Context(), identity.Gallery, identity.ID, page)
	if err != nil {
		return err
	}
	return listed(c, "faces", found, next)
}

// face answers GET /v1/faces/{face}.
func (v v1) face(c echo.Context) error {
	id, err := param(c, "face")
	if err != nil {
		return err
	}
	found, err := v.store().Face(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, found)
}

// moveFace answers PATCH /v1/faces/{face}: the face becomes that of the identity that
// is named, or nobody's for null.
func (v v1) moveFace(c echo.Context) error {
	id, err := param(c, "face")
	if err != nil {
		return err
	}
	f, err := strictFields(c, "identity")
	if err != nil {
		return err
	}
	if !f.sent("identity") {
		return face.Errorf(face.Invalid, "identity is missing: give the name of whose face it is, or null for nobody's")
	}
	var to *string
	f.into("identity", "a name, or null", &to)
	if f.err != nil {
		return f.err
	}
	if to != nil {
		if err := face.CheckName("identity", *to); err != nil {
			return err
		}
	}
	moved, err := v.store().MoveFace(c.Request().Context(), id, to)
	if err != nil {
		return err
	}
	moved.Attributes = nil // are for who may read
	return c.JSON(http.StatusOK, moved)
}

// deleteFace answers DELETE /v1/faces/{face}.
func (v v1) deleteFace(c echo.Context) error {
	id, err := param(c, "face")
	if err != nil {
		return err
	}
	if err := v.store().DeleteFace(c.Request().Context(), id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// crop answers GET /v1/faces/{face}/crop with a JPEG file.
func (v v1) crop(c echo.Context) error {
	id, err := param(c, "face")
	if err != nil {
		return err
	}
	jpeg, err := v.store().Crop(c.Request().Context(), id)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "private, no-store") // it may be erased at any time
	return c.Blob(http.StatusOK, "image/jpeg", jpeg)
}
