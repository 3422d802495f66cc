package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/visagedb/visage/internal/face"
)

// Outcome is what came of one photograph.
type Outcome struct {
	Index  int           `json:"index"`  // among the photographs, from 0
	Status string        `json:"status"` // enrolled, present or rejected
	Faces  []face.Stored `json:"faces"`
	// Assessed are the faces that were chosen or, of a rejected photograph, the most
	// prominent one, where one was found.
	Assessed []Assessed `json:"assessed"`
	Error    *struct {
		Code    face.Code `json:"code"`
		Message string    `json:"message"`
	} `json:"error"` // nil unless it was rejected
}

// Assessed is how well a face of a photograph is seen.
type Assessed struct {
	Box     face.Box     `json:"box"`
	Quality face.Quality `json:"quality"`
}

// Faces lists those of an identity.
func (c *Client) Faces(ctx context.Context, gallery, id string, page face.Page) (List[face.Stored], error) {
	return list[face.Stored](ctx, c, identityPath(gallery, id)+"/faces", "faces", page)
}

// AddFaces enrols the most prominent face of each photograph, given as the bytes of a
// picture file, for an identity. Each has its own outcome; where none can be enrolled,
// the error is that of the first.
func (c *Client) AddFaces(ctx context.Context, gallery, id string, photos ...[]byte) ([]Outcome, error) {
	r, err := write(http.MethodPost, identityPath(gallery, id)+"/faces").form(nil, files{"photos": photos})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Results []Outcome `json:"results"`
	}
	err = c.ask(ctx, r, &answer)
	return answer.Results, err
}

func facePath(id string) string { return "/v1/faces/" + url.PathEscape(id) }

// Face returns one, or NotFound.
func (c *Client) Face(ctx context.Context, id string) (found face.Stored, err error) {
	err = c.ask(ctx, request{method: http.MethodGet, path: facePath(id)}, &found)
	return found, err
}

// MoveFace makes a face that of the identity that is named, or nobody's for nil. It
// returns NotFound.
func (c *Client) MoveFace(ctx context.Context, id string, to *string) (moved face.Stored, err error) {
	r, err := write(http.MethodPatch, facePath(id)).sending(map[string]*string{"identity": to})
	if err == nil {
		err = c.ask(ctx, r, &moved)
	}
	return moved, err
}

// DeleteFace erases one, or returns NotFound.
func (c *Client) DeleteFace(ctx context.Context, id string) error {
	return c.ask(ctx, write(http.MethodDelete, facePath(id)), nil)
}
