package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

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
	LeftOut  []LeftOut  `json:"left_out"` // with Photographs.Faces all or reject
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

// LeftOut is a face that fell short beside others of its photograph, and why.
type LeftOut struct {
	Assessed
	*face.Liveness           // with AntiSpoofing
	Code           face.Code `json:"code"`
	Message        string    `json:"message"`
}

// Photographs are to be enrolled, each given as the bytes of a picture file.
type Photographs struct {
	Photos     [][]byte
	Models     Models
	Faces      string  // which of a photograph: largest, the default, all or reject
	Quality    string  // usual, the default, or any
	MinQuality float64 // the least score of a face, 0 to 1
}

// Faces lists those of an identity.
func (c *Client) Faces(ctx context.Context, gallery, id string, page face.Page) (List[face.Stored], error) {
	return list[face.Stored](ctx, c, identityPath(gallery, id)+"/faces", "faces", page)
}

// AddFaces enrols faces of photographs for an identity. Each photograph has its own
// outcome; where none can be enrolled, the error is that of the first.
func (c *Client) AddFaces(ctx context.Context, gallery, id string, of Photographs) ([]Outcome, error) {
	values := map[string]string{
		"model": of.Models.Recognizer, "detector": of.Models.Detector, "anti_spoofing": truth(of.Models.AntiSpoofing),
		"faces": of.Faces, "quality": of.Quality, "min_quality": strconv.FormatFloat(of.MinQuality, 'g', -1, 64),
	}
	r, err := write(http.MethodPost, identityPath(gallery, id)+"/faces").form(values, files{"photos": of.Photos})
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
