package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/visagedb/visage/internal/face"
)

// photograph reads the one that a field names: a file of a form, or a text that
// s.cfg.Photos reads. Paths of the server's files are not read, nor looked at.
func (s *Server) photograph(ctx context.Context, f *fields, name string) ([]byte, error) {
	if files := f.files[name]; len(files) > 0 {
		file, err := files[0].Open()
		if err != nil {
			return nil, face.Wrap(face.Internal, err, "open the file %s that was sent", name)
		}
		data, err := io.ReadAll(file)
		return data, errors.Join(err, file.Close())
	}
	text := f.text(name, "")
	if f.err != nil {
		return nil, f.err
	}
	if text == "" {
		return nil, malformed{face.Errorf(face.Invalid, "%s is missing: send a file of that name in a form, or base64", name)}
	}
	data, err := s.cfg.Photos.Read(ctx, text)
	if face.CodeOf(err) == face.Invalid {
		return nil, malformed{face.Errorf(face.Invalid, "%s is no photograph that is read here: send a file, a data URI or base64 (%s)", name, outward(err))}
	}
	return data, err
}

// faces are the templates of a photograph, or the template that was sent in its
// stead: a list of numbers.
func (s *Server) faces(ctx context.Context, f *fields, name string, e Embedder, want Wanted) (face.Photo, error) {
	if vector, sent, err := f.vector(name); sent || err != nil {
		return face.Photo{Templates: []face.Template{{Space: e.Space(), Vector: vector}}}, err
	}
	data, err := s.photograph(ctx, f, name)
	if err != nil {
		return face.Photo{}, err
	}
	photo, err := e.Faces(ctx, data, want)
	if err != nil {
		return face.Photo{}, face.Wrap(face.CodeOf(err), err, "%s", name)
	}
	return photo, nil
}

// vector is a list of numbers, and whether one was sent.
func (f *fields) vector(name string) (vector []float32, sent bool, err error) {
	text := f.raw(name)
	if len(text) == 0 || text[0] != '[' {
		return nil, false, nil
	}
	var numbers []*float32
	if err := json.Unmarshal([]byte(text), &numbers); err != nil {
		return nil, true, face.Errorf(face.Invalid, "%s is a list, but not one of numbers: send the components of a template", name)
	}
	for _, n := range numbers {
		if n == nil {
			return nil, true, face.Errorf(face.Invalid, "%s holds null, which is no number", name)
		}
		vector = append(vector, *n)
	}
	return vector, true, nil
}
