package httpapi

import (
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"

	"github.com/visagedb/visage/internal/face"
)

// parts are the API's description, written by hand: OpenAPI 3.1 in YAML, in parts that
// are joined.
//
//go:embed openapi/*.yaml
var parts embed.FS

// described joins the parts once: it is the one source of the document and the page.
var described = sync.OnceValues(func() (map[string]any, error) {
	files, err := fs.Glob(parts, "openapi/*.yaml") // in the order of their names
	if err != nil {
		return nil, err
	}
	whole := map[string]any{}
	for _, name := range files {
		text, err := parts.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var part map[string]any
		if err := yaml.Unmarshal(text, &part); err != nil {
			return nil, face.Wrap(face.Internal, err, "read %s", name)
		}
		for key := range part {
			if strings.HasPrefix(key, "x-") {
				delete(part, key)
			}
		}
		join(whole, part)
	}
	return whole, nil
})

// join adds what is in more, and in its objects, to the whole.
func join(whole, more map[string]any) {
	for key, value := range more {
		into, both := whole[key].(map[string]any)
		from, object := value.(map[string]any)
		if both && object {
			join(into, from)
			continue
		}
		whole[key] = value
	}
}

// Document is the OpenAPI 3.1 document of the API, in JSON. The caller must not change
// it.
func Document() ([]byte, error) { return document() }

var document = sync.OnceValues(func() ([]byte, error) {
	whole, err := described()
	if err != nil {
		return nil, err
	}
	return json.Marshal(whole)
})

// document answers GET /openapi.json.
func (s *Server) document(c echo.Context) error {
	text, err := Document()
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, text)
}
