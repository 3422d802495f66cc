package httpapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// byName stands in a path for an identity that ?name= names.
const byName = "-"

// identities answers GET /v1/galleries/{gallery}/identities; with ?name=, with the
// one of the name or none.
func (v v1) identities(c echo.Context) error {
	gallery, err := galleryIn(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if name := c.QueryParam("name"); name != "" {
		found, err := v.named(ctx, gallery, name)
		if face.CodeOf(err) == face.NotFound {
			if _, err := v.store().Gallery(ctx, gallery); err != nil {
				return err
			}
			return listed[face.Identity](c, "identities", nil, "")
		} else if err != nil {
			return err
		}
		return listed(c, "identities", []face.Identity{found}, "")
	}
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	found, next, err := v.store().IdentityPage(ctx, gallery, page)
	if err != nil {
		return err
	}
	return listed(c, "identities", found, next)
}

func (v v1) named(ctx context.Context, gallery, name string) (face.Identity, error) {
	if err := face.CheckName("name", name); err != nil {
		return face.Identity{}, err
	}
	return v.store().Identity(ctx, gallery, name)
}

// createIdentity answers POST /v1/galleries/{gallery}/identities.
func (v v1) createIdentity(c echo.Context) error {
	gallery, err := galleryIn(c)
	if err != nil {
		return err
	}
	name, err := nameField(c)
	if err != nil {
		return err
	}
	identity, err := v.store().CreateIdentity(c.Request().Context(), gallery, name)
	if err != nil {
		return err
	}
	return created(c, "/v1/galleries/"+url.PathEscape(gallery)+"/identities/"+identity.ID, identity)
}

// identityOf is the identity that the path names by its id or, where that is -, by
// its name in ?name=.
func (v v1) identityOf(c echo.Context) (face.Identity, error) {
	gallery, err := galleryIn(c)
	if err != nil {
		return face.Identity{}, err
	}
	id, err := param(c, "identity")
	if err != nil {
		return face.Identity{}, err
	}
	if id == byName {
		return v.named(c.Request().Context(), gallery, c.QueryParam("name"))
	}
	return v.store().IdentityByID(c.Request().Context(), gallery, id)
}

// identity answers GET /v1/galleries/{gallery}/identities/{identity}.
func (v v1) identity(c echo.Context) error {
	identity, err := v.identityOf(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, identity)
}

// renameIdentity answers PATCH /v1/galleries/{gallery}/identities/{identity}.
func (v v1) renameIdentity(c echo.Context) error {
	identity, err := v.identityOf(c)
	if err != nil {
		return err
	}
	name, err := nameField(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := v.store().RenameIdentityByID(ctx, identity.Gallery, identity.ID, name); err != nil {
		return err
	}
	if identity, err = v.store().IdentityByID(ctx, identity.Gallery, identity.ID); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, identity)
}

// deleteIdentity answers DELETE /v1/galleries/{gallery}/identities/{identity}.
func (v v1) deleteIdentity(c echo.Context) error {
	identity, err := v.identityOf(c)
	if err != nil {
		return err
	}
	if err := v.store().DeleteIdentityByID(c.Request().Context(), identity.Gallery, identity.ID); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
