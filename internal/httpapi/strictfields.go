package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// strictFields reads a body that has no other fields than those named. It is
// malformed where its text is not UTF-8, and Invalid, naming the field, where it has
// another one.
func strictFields(c echo.Context, allowed ...string) (*fields, error) {
	f, err := readFields(c)
	if err != nil {
		return nil, err
	}
	for name, value := range f.json {
		if !utf8.ValidString(name) || !utf8.Valid(value) {
			return nil, malformed{face.Errorf(face.Invalid, "the body is not UTF-8")}
		}
	}
	for name, values := range f.form {
		if !utf8.ValidString(name + strings.Join(values, "")) {
			return nil, malformed{face.Errorf(face.Invalid, "the form is not UTF-8")}
		}
	}
	for _, name := range f.names() {
		if !slices.Contains(allowed, name) {
			return nil, face.Errorf(face.Invalid, "unknown field %q: this takes %s", name, strings.Join(allowed, ", "))
		}
	}
	return f, nil
}

// names are those of all fields that were sent, in order.
func (f *fields) names() []string {
	var all []string
	for name := range f.json {
		all = append(all, name)
	}
	for name := range f.form {
		all = append(all, name)
	}
	for name := range f.files {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// into reads a field of JSON, also one that a form has as text, and refuses names
// inside it that it does not know.
func (f *fields) into(name, want string, to any) {
	text := string(f.json[name])
	if values := f.form[name]; len(values) > 0 {
		text = values[0]
	}
	if text == "" || text == "null" {
		return
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		f.wrong(name, want)
	}
}

// ofPhotographs returns Invalid where one of some fields has a value that says how to
// look at photographs: beside what was sent instead, which is named, it means nothing.
func (f *fields) ofPhotographs(instead string, names ...string) error {
	for _, name := range names {
		if f.given(name) {
			return face.Errorf(face.Invalid, "%s says how to look at photographs: leave it out beside %s", name, instead)
		}
	}
	return nil
}

// sent says whether a field was sent at all, also as null.
func (f *fields) sent(name string) bool { return slices.Contains(f.names(), name) }
