package httpapi

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// ofFace closes a route of one face to keys for other galleries than the face's. They
// are told what they were told if there were no such face.
func (v v1) ofFace(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := param(c, "face")
		if err == nil {
			err = v.reachesFace(c.Request().Context(), id)
		}
		if err != nil {
			return err
		}
		return next(c)
	}
}

// reachesFace returns NotFound where the caller's key is not for the gallery of a face.
func (v v1) reachesFace(ctx context.Context, id string) error {
	if !callerOf(ctx).key.Bound() {
		return nil
	}
	found, err := v.store().Face(ctx, id)
	if face.CodeOf(err) == face.NotFound || err == nil && within(ctx, found.Gallery) != nil {
		err = face.Errorf(face.NotFound, "there is no face %s", face.Readable(id))
	}
	return err
}

// ofMerge is ofFace for merges.
func (v v1) ofMerge(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		if !callerOf(ctx).key.Bound() {
			return next(c)
		}
		id, err := param(c, "merge")
		if err != nil {
			return err
		}
		merge, err := v.store().MergeByID(ctx, id)
		if face.CodeOf(err) == face.NotFound || err == nil && within(ctx, merge.Gallery) != nil {
			err = face.Errorf(face.NotFound, "there is no merge %s", face.Readable(id))
		}
		if err != nil {
			return err
		}
		return next(c)
	}
}
