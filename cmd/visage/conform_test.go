package main

import (
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/httpapi/apitest"
)

// conformance is one Checker for all tests: reading the document takes a while.
var conformance = sync.OnceValues(func() (*apitest.Checker, error) {
	text, err := httpapi.Document()
	if err != nil {
		return nil, err
	}
	return apitest.New(text)
})

// conforms fails the test where what was sent, if it was taken, or what came back does
// not fit the OpenAPI document.
func conforms(t *testing.T, r *http.Request, sent []byte, answer *http.Response, text []byte) {
	t.Helper()
	checker, err := conformance()
	if err != nil {
		t.Error(err)
		return
	}
	if err := checker.Check(context.Background(), apitest.Exchange{
		Method: r.Method, Target: r.URL.RequestURI(), Sent: r.Header, Body: sent, Status: answer.StatusCode, Header: answer.Header, Answer: text,
	}); err != nil {
		t.Errorf("%s %s, answered %d, does not fit the document: %v", r.Method, r.URL.Path, answer.StatusCode, err)
	}
}
