package client

import (
	"bytes"
	"errors"
	"mime/multipart"

	"github.com/visagedb/visage/internal/face"
)

// files are those of a form, by the names of its fields.
type files map[string][][]byte

// form gives a request values and files as multipart/form-data.
func (r request) form(values map[string]string, parts files) (request, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	var errs []error
	for name, value := range values {
		if value != "" {
			errs = append(errs, w.WriteField(name, value))
		}
	}
	for name, contents := range parts {
		for _, content := range contents {
			part, err := w.CreateFormFile(name, name)
			if err == nil {
				_, err = part.Write(content)
			}
			errs = append(errs, err)
		}
	}
	if err := errors.Join(append(errs, w.Close())...); err != nil {
		return r, face.Wrap(face.Internal, err, "client: write the form")
	}
	r.kind, r.body = w.FormDataContentType(), body.Bytes()
	return r, nil
}
