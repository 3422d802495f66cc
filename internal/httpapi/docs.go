package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page and its style are files
	"encoding/base64"
	html "html/template"
	"net/http"

	"github.com/labstack/echo/v4"
)

var (
	//go:embed docs.html
	docsHTML string
	//go:embed docs.css
	docsCSS string
)

// docsPolicy lets the page have its own style, known by its hash, and nothing else.
func docsPolicy() string {
	sum := sha256.Sum256([]byte(docsCSS))
	return "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// docsPage is a document as one page that loads nothing.
func docsPage(document []byte, routes []route) ([]byte, error) {
	show, err := html.New("docs").Parse(docsHTML)
	if err != nil {
		return nil, err
	}
	shown, err := newShownPage(document, routes)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = show.Execute(&text, shown)
	return text.Bytes(), err
}

// page answers GET /docs.
func (s *Server) page(c echo.Context) error {
	text, err := s.description.page()
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentSecurityPolicy, docsPolicy())
	return c.HTMLBlob(http.StatusOK, text)
}
