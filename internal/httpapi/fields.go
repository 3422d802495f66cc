package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// fields are what a request says, sent as JSON or as a form, whose values are then
// texts. The first value that is not what it should be is kept as err, for the
// handler to look at once it has read all.
type fields struct {
	json  map[string]json.RawMessage
	form  map[string][]string
	files map[string][]*multipart.FileHeader
	err   error
}

// formMemory is how much of a form is kept in memory; the rest goes to files, which
// are removed when the request ends.
const formMemory = 32 << 20

// readFields reads a body. It is malformed where it is neither a JSON object nor a
// form. A field gallery must be one of the caller's, where the route's rule says
// that the field says it.
func readFields(c echo.Context) (*fields, error) {
	f, err := readBody(c.Request())
	if err == nil && callerOf(c.Request().Context()).rule.reach == galleryInBody {
		err = within(c.Request().Context(), f.text("gallery", face.DefaultGallery))
	}
	return f, err
}

func readBody(r *http.Request) (*fields, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil && r.Header.Get(echo.HeaderContentType) != "" {
		return nil, malformed{face.Errorf(face.Invalid, "the content type cannot be read")}
	}
	switch kind {
	case echo.MIMEMultipartForm:
		if err := r.ParseMultipartForm(formMemory); err != nil {
			return nil, unreadable(err, "form")
		}
		return &fields{form: r.MultipartForm.Value, files: r.MultipartForm.File}, nil
	case echo.MIMEApplicationForm:
		if err := r.ParseForm(); err != nil {
			return nil, unreadable(err, "form")
		}
		return &fields{form: r.PostForm}, nil
	case echo.MIMEApplicationJSON, "":
		return readJSON(r.Body)
	default:
		return nil, echo.NewHTTPError(http.StatusUnsupportedMediaType)
	}
}

// mostFields is how many fields an object has at most. No route has 30; a body of
// 64 MiB could have ten million, which take 20 times its size.
const mostFields = 1_000

func readJSON(body io.Reader) (*fields, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, unreadable(err, "JSON")
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, malformed{face.Errorf(face.Invalid, "the body is empty: send a JSON object, {} where no field is needed")}
	}
	f := &fields{json: map[string]json.RawMessage{}}
	if bytes.Count(text, []byte{':'}) > mostFields && members(text) > mostFields {
		return nil, malformed{face.Errorf(face.Invalid, "the body has more than %d fields", mostFields)}
	}
	if err := json.Unmarshal(text, &f.json); err != nil || f.json == nil {
		return nil, malformed{face.Errorf(face.Invalid, "the body is no JSON object (NaN and Infinity are not JSON)")}
	}
	return f, nil
}

// members is how many fields a JSON object has, without those of objects in it. Of
// other texts it says nothing.
func members(text []byte) (n int) {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			n++
		}
	}
	return n
}

// unreadable tells a body that is too long from one that is damaged.
func unreadable(err error, what string) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return err
	}
	return malformed{face.Errorf(face.Invalid, "the body is no whole %s", what)}
}

// text is a field's value, or the default where it is absent, null or empty.
func (f *fields) text(name, otherwise string) string {
	if values := f.form[name]; len(values) > 0 && values[0] != "" {
		return values[0]
	}
	var text string
	if !f.has(name) {
		return otherwise
	}
	if err := json.Unmarshal(f.json[name], &text); err != nil {
		f.wrong(name, "a text")
	}
	if text == "" {
		return otherwise
	}
	return text
}

// flag is a yes or no. The texts true, t, yes, y, on and 1 are yes, false, f, no, n,
// off and 0 are no, whatever their case.
func (f *fields) flag(name string, otherwise bool) bool {
	text := f.raw(name)
	switch strings.ToLower(text) {
	case "":
		return otherwise
	case "true", "t", "yes", "y", "on", "1":
		return true
	case "false", "f", "no", "n", "off", "0":
		return false
	default:
		f.wrong(name, "true or false")
		return otherwise
	}
}

// whole is a whole number.
func (f *fields) whole(name string, otherwise int) int {
	text := f.raw(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
		f.wrong(name, "a whole number")
	}
	return n
}

// number is one of any kind but NaN and infinity.
func (f *fields) number(name string, otherwise float64) float64 {
	text := f.raw(name)
	if text == "" {
		return otherwise
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
		f.wrong(name, "a number")
	}
	return x
}

// raw is a scalar as text, without the quotes of JSON; empty for an absent one.
func (f *fields) raw(name string) string {
	if values := f.form[name]; len(values) > 0 {
		return strings.TrimSpace(values[0])
	}
	if !f.has(name) {
		return ""
	}
	var text string
	if json.Unmarshal(f.json[name], &text) == nil {
		return strings.TrimSpace(text)
	}
	return string(bytes.TrimSpace(f.json[name]))
}

// given says whether the field has a value.
func (f *fields) given(name string) bool { return len(f.files[name]) > 0 || f.raw(name) != "" }

// has says whether the field was sent as JSON and is not null.
func (f *fields) has(name string) bool {
	value, found := f.json[name]
	return found && !bytes.Equal(bytes.TrimSpace(value), []byte("null"))
}

// wrong notes the first field that is not what it should be.
func (f *fields) wrong(name, want string) {
	if f.err == nil {
		f.err = face.Errorf(face.Invalid, "%s must be %s", name, want)
	}
}

// refuse notes the first error.
func (f *fields) refuse(err error) {
	if f.err == nil {
		f.err = err
	}
}
