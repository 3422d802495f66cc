package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/visagedb/visage/internal/face"
)

// The codes of refusals, which no fault of package face is.
const (
	Unauthorized    face.Code = "unauthorized"      // no key, or one that may not be used
	Forbidden       face.Code = "forbidden"         // the key may not do this
	TooManyRequests face.Code = "too_many_requests" // by this caller, or by all
)

// Error is what a service answered instead. face.CodeOf reads its code.
type Error struct {
	Status    int
	Code      face.Code
	Message   string // what is wrong with what, and what to do
	Details   json.RawMessage
	RequestID string // by which the service's log knows the request
}

// Error joins the message with the request's id.
func (e *Error) Error() string {
	return fmt.Sprintf("%s (status %d, request %s)", e.Message, e.Status, e.RequestID)
}

// Unwrap is the error as package face has it.
func (e *Error) Unwrap() error { return &face.Error{Code: e.Code, Message: e.Message} }

// failed reads the body of an error, as DeepFace's routes or as the others write it.
func failed(answer *http.Response, text []byte) error {
	e := &Error{Status: answer.StatusCode, Code: face.Internal, RequestID: answer.Header.Get("X-Request-Id")}
	var outer struct {
		Error   json.RawMessage `json:"error"`
		Code    face.Code       `json:"code"`
		Details json.RawMessage `json:"details"`
	}
	var inner struct {
		Code    face.Code       `json:"code"`
		Message string          `json:"message"`
		Details json.RawMessage `json:"details"`
	}
	switch {
	case json.Unmarshal(text, &outer) != nil:
	case json.Unmarshal(outer.Error, &inner) == nil:
		e.Code, e.Message, e.Details = inner.Code, inner.Message, inner.Details
	case json.Unmarshal(outer.Error, &e.Message) == nil:
		e.Code, e.Details = outer.Code, outer.Details
	}
	if e.Message == "" {
		e.Message = "the service answered " + answer.Status
	}
	return e
}

// unreached is the error of a request that was not answered.
func unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return face.Wrap(face.Cancelled, ctx.Err(), "client: the request")
	}
	return face.Wrap(face.Unavailable, err, "client: the service does not answer: see that it runs, and where")
}
