package httpapi

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// rule says who may use a route. The zero rule lets nobody in: a route is closed
// until its rule is written.
type rule struct {
	// scope is what a key must have, or open for a route that needs no key.
	scope face.Scope
	// reach says which galleries the route touches.
	reach reach
}

// open is the scope of routes that answer everybody: they tell nothing and cost
// nothing.
const open face.Scope = "open"

// reach says which galleries a route touches, for keys that are bound to some.
type reach int

const (
	// everyGallery is of what concerns all of them, such as indexes: no bound key may.
	everyGallery reach = iota
	// noGallery is of what touches none, such as making templates.
	noGallery
	// galleryInPath is of routes with a parameter gallery.
	galleryInPath
	// galleryInBody is of routes with a field gallery, which readFields checks.
	galleryInBody
	// galleryByHandler is of routes whose handler finds out, and has to ask within
	// before it answers or changes anything, and to list only what within allows.
	galleryByHandler
)

// route is one thing that is served.
type route struct {
	method, path string
	rule
	handle echo.HandlerFunc
}

// caller is who asks.
type caller struct {
	// key is the zero Key where nobody is asked for one.
	key face.Key
	// rule is that of the route.
	rule rule
}

type callerKey struct{}

func withCaller(ctx context.Context, who caller) context.Context {
	return context.WithValue(ctx, callerKey{}, who)
}

// callerOf is who asked, or the zero caller.
func callerOf(ctx context.Context) caller {
	who, _ := ctx.Value(callerKey{}).(caller)
	return who
}

// within is the error of a caller whose key is for other galleries, or nil. Nothing
// is said of whether the gallery exists.
func within(ctx context.Context, gallery string) error {
	if callerOf(ctx).key.Reaches(gallery) {
		return nil
	}
	return forbidden("the key is not for the gallery " + face.Readable(gallery))
}

// passes checks a key against a rule, as far as the path tells.
func (r rule) passes(key face.Key, c echo.Context) error {
	switch {
	case !key.May(r.scope):
		return forbidden("the key has not the scope " + string(r.scope))
	case !key.Bound() || r.reach == noGallery || r.reach == galleryInBody || r.reach == galleryByHandler:
		return nil
	case r.reach == galleryInPath:
		gallery, err := param(c, "gallery") // the very name that the handler reads
		if err == nil && !key.Reaches(gallery) {
			err = forbidden("the key is not for the gallery " + face.Readable(gallery))
		}
		return err
	default:
		return forbidden("the key is for some galleries only, and this concerns all of them")
	}
}
