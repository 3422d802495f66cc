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

// Document is the OpenAPI 3.1 document of the API, in JSON: the parts, joined. The page
// is made of it too.
func Document() ([]byte, error) {
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
	return json.Marshal(whole)
}

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

// description is what a server tells of its API, made when it is first asked for.
type description struct {
	document, page func() ([]byte, error)
}

func newDescription(routes []route) description {
	document := sync.OnceValues(Document)
	return description{document, sync.OnceValues(func() ([]byte, error) {
		text, err := document()
		if err != nil {
			return nil, err
		}
		return docsPage(text, routes)
	})}
}

// document answers GET /openapi.json.
func (s *Server) document(c echo.Context) error {
	text, err := s.description.document()
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, text)
}
