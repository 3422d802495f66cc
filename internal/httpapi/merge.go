package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// mergeIdentity answers POST /v1/galleries/{gallery}/identities/{identity}/merge: the
// path's identity becomes part of the one that the field into names by its id.
func (v v1) mergeIdentity(c echo.Context) error {
	from, err := v.identityOf(c)
	if err != nil {
		return err
	}
	f, err := strictFields(c, "into")
	if err != nil {
		return err
	}
	into := f.text("into", "")
	if f.err == nil && into == "" {
		f.err = face.Errorf(face.Invalid, "into is missing: give the id of the identity that stays")
	}
	if f.err != nil {
		return f.err
	}
	merge, err := v.store().Merge(c.Request().Context(), from.Gallery, from.ID, into)
	if err != nil {
		return err
	}
	return created(c, "/v1/merges/"+merge.ID, merge)
}

// merge answers GET /v1/merges/{merge}.
func (v v1) merge(c echo.Context) error {
	id, err := param(c, "merge")
	if err != nil {
		return err
	}
	merge, err := v.store().MergeByID(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, merge)
}

// undoMerge answers POST /v1/merges/{merge}/undo.
func (v v1) undoMerge(c echo.Context) error {
	id, err := param(c, "merge")
	if err != nil {
		return err
	}
	merge, err := v.store().UndoMerge(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, merge)
}
