package httpapi

import (
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// galleries answers GET /v1/galleries, with those that the caller's key is for. The
// others are left out where the page is cut, so that no cursor names them.
func (v v1) galleries(c echo.Context) error {
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if key := callerOf(ctx).key; key.Bound() {
		page.Among = key.Galleries
	}
	found, next, err := v.store().GalleryPage(ctx, page)
	if err != nil {
		return err
	}
	return listed(c, "galleries", found, next)
}

// createGallery answers POST /v1/galleries.
func (v v1) createGallery(c echo.Context) error {
	name, err := nameField(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := v.store().CreateGallery(ctx, name); err != nil {
		return err
	}
	gallery, err := v.store().Gallery(ctx, name)
	if err != nil {
		return err
	}
	return created(c, "/v1/galleries/"+url.PathEscape(name), gallery)
}

// nameField reads a body that is a name alone.
func nameField(c echo.Context) (string, error) {
	f, err := strictFields(c, "name")
	if err != nil {
		return "", err
	}
	name := f.text("name", "")
	if f.err != nil {
		return "", f.err
	}
	return name, face.CheckName("name", name)
}

// gallery answers GET /v1/galleries/{gallery}.
func (v v1) gallery(c echo.Context) error {
	name, err := galleryIn(c)
	if err != nil {
		return err
	}
	gallery, err := v.store().Gallery(c.Request().Context(), name)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, gallery)
}

// deleteGallery answers DELETE /v1/galleries/{gallery}.
func (v v1) deleteGallery(c echo.Context) error {
	name, err := galleryIn(c)
	if err != nil {
		return err
	}
	if err := v.store().DeleteGallery(c.Request().Context(), name); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
