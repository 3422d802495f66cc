package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/visagedb/visage/internal/face"
)

// List is a part of a list, and the cursor of the next part, which face.Page takes as
// After; empty at the end.
type List[T any] struct {
	Items []T
	Next  string
}

// pageOf are the parameters of a part of a list. A Limit of 0 is the service's own.
func pageOf(page face.Page) url.Values {
	query := url.Values{}
	if page.Limit > 0 {
		query.Set("limit", strconv.Itoa(page.Limit))
	}
	if page.After != "" {
		query.Set("cursor", page.After)
	}
	if page.Prefix != "" {
		query.Set("prefix", page.Prefix)
	}
	return query
}

// list asks for a part of a list that the answer has under a name.
func list[T any](ctx context.Context, c *Client, path, name string, page face.Page) (List[T], error) {
	var answer map[string]json.RawMessage
	if err := c.ask(ctx, request{method: http.MethodGet, path: path, query: pageOf(page)}, &answer); err != nil {
		return List[T]{}, err
	}
	var part List[T]
	err := errors.Join(json.Unmarshal(answer[name], &part.Items), json.Unmarshal(answer["next_cursor"], &part.Next)) // null leaves it empty
	if err != nil {
		return List[T]{}, face.Wrap(face.Internal, err, "client: the answer to %s cannot be read", path)
	}
	return part, nil
}

func galleryPath(gallery string) string { return "/v1/galleries/" + url.PathEscape(gallery) }

type named struct {
	Name string `json:"name"`
}

// Galleries lists those that the key is for.
func (c *Client) Galleries(ctx context.Context, page face.Page) (List[face.Gallery], error) {
	return list[face.Gallery](ctx, c, "/v1/galleries", "galleries", page)
}

// CreateGallery makes one, or returns Exists.
func (c *Client) CreateGallery(ctx context.Context, name string) (made face.Gallery, err error) {
	r, err := write(http.MethodPost, "/v1/galleries").sending(named{name})
	if err == nil {
		err = c.ask(ctx, r, &made)
	}
	return made, err
}

// Gallery returns one with its numbers, or NotFound.
func (c *Client) Gallery(ctx context.Context, name string) (found face.Gallery, err error) {
	err = c.ask(ctx, request{method: http.MethodGet, path: galleryPath(name)}, &found)
	return found, err
}

// DeleteGallery erases one with everyone in it, or returns NotFound.
func (c *Client) DeleteGallery(ctx context.Context, name string) error {
	return c.ask(ctx, write(http.MethodDelete, galleryPath(name)), nil)
}
