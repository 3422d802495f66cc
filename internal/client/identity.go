package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/visagedb/visage/internal/face"
)

func identityPath(gallery, id string) string {
	return galleryPath(gallery) + "/identities/" + url.PathEscape(id)
}

// Identities lists those of a gallery.
func (c *Client) Identities(ctx context.Context, gallery string, page face.Page) (List[face.Identity], error) {
	return list[face.Identity](ctx, c, galleryPath(gallery)+"/identities", "identities", page)
}

// CreateIdentity makes one without faces, or returns Exists, NotFound or Invalid.
func (c *Client) CreateIdentity(ctx context.Context, gallery, name string) (made face.Identity, err error) {
	r, err := write(http.MethodPost, galleryPath(gallery)+"/identities").sending(named{name})
	if err == nil {
		err = c.ask(ctx, r, &made)
	}
	return made, err
}

// Identity returns one by its id, or NotFound.
func (c *Client) Identity(ctx context.Context, gallery, id string) (found face.Identity, err error) {
	err = c.ask(ctx, request{method: http.MethodGet, path: identityPath(gallery, id)}, &found)
	return found, err
}

// IdentityNamed returns one by its name, or NotFound.
func (c *Client) IdentityNamed(ctx context.Context, gallery, name string) (found face.Identity, err error) {
	r := request{method: http.MethodGet, path: identityPath(gallery, "-"), query: url.Values{"name": {name}}}
	err = c.ask(ctx, r, &found)
	return found, err
}

// RenameIdentity gives one another name, or returns Exists, NotFound or Invalid.
func (c *Client) RenameIdentity(ctx context.Context, gallery, id, to string) (renamed face.Identity, err error) {
	r, err := write(http.MethodPatch, identityPath(gallery, id)).sending(named{to})
	if err == nil {
		err = c.ask(ctx, r, &renamed)
	}
	return renamed, err
}

// DeleteIdentity erases one with its faces, or returns NotFound.
func (c *Client) DeleteIdentity(ctx context.Context, gallery, id string) error {
	return c.ask(ctx, write(http.MethodDelete, identityPath(gallery, id)), nil)
}

// MergeIdentity makes one identity part of another, or returns NotFound or Invalid.
func (c *Client) MergeIdentity(ctx context.Context, gallery, id, into string) (merge face.Merge, err error) {
	r, err := write(http.MethodPost, identityPath(gallery, id)+"/merge").sending(map[string]string{"into": into})
	if err == nil {
		err = c.ask(ctx, r, &merge)
	}
	return merge, err
}

// UndoMerge gives a merged identity back, or returns NotFound or Conflict.
func (c *Client) UndoMerge(ctx context.Context, id string) (merge face.Merge, err error) {
	err = c.ask(ctx, write(http.MethodPost, "/v1/merges/"+url.PathEscape(id)+"/undo"), &merge)
	return merge, err
}
