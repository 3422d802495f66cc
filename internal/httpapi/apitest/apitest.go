// Package apitest holds what tests send and receive to an OpenAPI document.
package apitest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Checker knows a document. It may be used by several goroutines at once.
type Checker struct {
	router routers.Router
	// Document is what it knows.
	Document *openapi3.T
}

// Exchange is a request and what it was answered.
type Exchange struct {
	Method, Target string // Target is a path with its query
	Sent           http.Header
	Body           []byte
	Status         int
	Header         http.Header
	Answer         []byte
}

// New reads a document in JSON. It returns an error for one that is not valid OpenAPI.
// Objects in answers may then have no other fields than those that the document
// names, so that tests find what it lacks; for clients they may.
func New(document []byte) (*Checker, error) {
	loader := openapi3.NewLoader()
	strict, err := closed(document)
	if err != nil {
		return nil, err
	}
	doc, err := loader.LoadFromData(strict)
	if err != nil {
		return nil, err
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, err
	}
	doc.Servers = nil // the host does not count
	router, err := gorillamux.NewRouter(doc)
	return &Checker{router, doc}, err
}

// Check returns what of an exchange does not fit the document: an answer, or a request
// that was taken. What is asked for at paths that the document lacks, or by other
// methods, fits.
func (c *Checker) Check(ctx context.Context, e Exchange) error {
	asked, found := c.find(ctx, e)
	if !found {
		return nil
	}
	var err error
	if e.Status < http.StatusBadRequest {
		err = openapi3filter.ValidateRequest(ctx, asked)
	}
	answered := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: e.Status, Header: e.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	}
	answered.SetBodyBytes(e.Answer)
	return errors.Join(err, openapi3filter.ValidateResponse(ctx, answered))
}

// find is the request with what the document says of it, if it says something.
func (c *Checker) find(ctx context.Context, e Exchange) (asked *openapi3filter.RequestValidationInput, found bool) {
	target, err := url.ParseRequestURI(e.Target)
	if err != nil {
		return nil, false
	}
	sent := e.Sent.Clone()
	if sent == nil {
		sent = http.Header{}
	}
	if len(e.Body) > 0 && sent.Get("Content-Type") == "" {
		sent.Set("Content-Type", "application/json") // which the service takes it for
	}
	request := (&http.Request{
		Method: e.Method, URL: target, Header: sent, Body: io.NopCloser(bytes.NewReader(e.Body)), ContentLength: int64(len(e.Body)),
	}).WithContext(ctx)
	route, params, err := c.router.FindRoute(request)
	if err != nil {
		return nil, false
	}
	for name, value := range params { // as they were sent
		if params[name], err = url.PathUnescape(value); err != nil {
			return nil, false
		}
	}
	return &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true},
	}, true
}
