package httpapi

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// FuzzBody reads any body as the routes below /v1 do: it is either taken, or refused
// as the caller's mistake.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"k":1,"metric":"cosine","filter":{"identities":["a"],"where":{"a":1}},"embedding":[1,2]}`, `{"photos":["x"],"photo":null}`,
		`{"k":1e400,"threshold":"NaN","top":-0,"exact":"TRUE"}`, `{"embedding":[null,[1],"x"]}`, "{\"a\xff\":1}", `{"filter":{"x":1}}`, `[`, `null`, `{"k":{}}`,
	} {
		f.Add(seed, "application/json")
	}
	f.Add("k=1&filter=%7B%7D&photo=x&photos=y", "application/x-www-form-urlencoded")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\n1\r\n--x--\r\n", "multipart/form-data; boundary=x")
	f.Fuzz(func(t *testing.T, body, kind string) {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", kind)
		c := echo.New().NewContext(r, httptest.NewRecorder())
		fields, err := strictFields(c, "k", "metric", "filter", "embedding", "photo", "photos", "threshold", "top", "exact", "by", "min_recall")
		if err == nil {
			searchOptions(fields)
			gatesOf(fields)
			choiceOf(fields)
			_, _, err = fields.vector("embedding")
			if err == nil && fields.err != nil {
				err = fields.err
			}
		}
		if status, _ := describe(err); err != nil && status >= 500 {
			t.Errorf("%q of kind %q gives %d: %v", body, kind, status, err)
		}
		if err != nil && face.CodeOf(err) == face.Internal {
			if status, _ := describe(err); status != 415 {
				t.Errorf("%q gives %v", body, err)
			}
		}
	})
}
