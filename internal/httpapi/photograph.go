package httpapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// sent is one photograph of a request, or a template in the place of one.
type sent struct {
	name   string // for errors: img, or img[1]
	text   string // how it was named; empty for a file and a template
	file   string // the name of a file of a form; may be empty
	photo  []byte
	vector []float32 // not nil for a template
}

// photographs reads all that a field names, at least one: files of a form, texts that
// s.cfg.Photos reads, or one template. Paths of the server's files are not read, nor
// looked at.
func (s *Server) photographs(ctx context.Context, f *fields, name string) ([]sent, error) {
	if files := f.files[name]; len(files) > 0 {
		return s.files(files, name)
	}
	vector, found, err := f.vector(name)
	if found || err != nil {
		return []sent{{name: name, vector: vector}}, err
	}
	texts := f.texts(name, s.cfg.MaxPhotos)
	switch {
	case f.err != nil:
		return nil, f.err
	case len(texts) == 0:
		return nil, malformed{face.Errorf(face.Invalid, "%s is missing: send a file of that name in a form, or base64", name)}
	}
	all := make([]sent, len(texts))
	for i, text := range texts {
		one := &all[i]
		one.name, one.text = indexed(name, i, len(texts)), text
		if one.photo, err = s.cfg.Photos.Read(ctx, text); face.CodeOf(err) == face.Invalid {
			return nil, malformed{face.Errorf(face.Invalid, "%s is no photograph that is read here: send a file, a data URI or base64 (%s)", one.name, outward(err))}
		}
		if err != nil {
			return nil, face.Wrap(face.CodeOf(err), err, "%s", one.name)
		}
	}
	return all, nil
}

// files reads the files of a form.
func (s *Server) files(files []*multipart.FileHeader, name string) ([]sent, error) {
	if len(files) > s.cfg.MaxPhotos {
		return nil, face.Errorf(face.TooLarge, "%s has %d files: send at most %d", name, len(files), s.cfg.MaxPhotos)
	}
	all := make([]sent, len(files))
	for i, header := range files {
		file, err := header.Open()
		if err != nil {
			return nil, face.Wrap(face.Internal, err, "open the file %s that was sent", name)
		}
		data, err := io.ReadAll(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, face.Wrap(face.Internal, err, "read the file %s that was sent", name)
		}
		all[i] = sent{name: indexed(name, i, len(files)), file: header.Filename, photo: data}
	}
	return all, nil
}

// indexed names one of several.
func indexed(name string, i, of int) string {
	if of == 1 {
		return name
	}
	return fmt.Sprintf("%s[%d]", name, i)
}

// noPhotograph is the error for a template where a photograph is wanted.
func noPhotograph(name string) error {
	return face.Errorf(face.Invalid, "%s is a list of numbers: send a photograph", name)
}

// single is the one photograph or template that a field names.
func (s *Server) single(ctx context.Context, f *fields, name string) (sent, error) {
	all, err := s.photographs(ctx, f, name)
	switch {
	case err != nil:
		return sent{}, err
	case len(all) > 1:
		return sent{}, face.Errorf(face.Invalid, "%s has %d entries: send one", name, len(all))
	}
	return all[0], nil
}

// faces are the templates of a photograph that count, or the template that was sent
// in its stead, and the faces that do not count; image names it for those.
func (one sent) faces(ctx context.Context, e Embedder, image string, want wanted) (face.Photo, []search.Spoof, error) {
	if one.vector != nil {
		t, err := template(one.name, one.vector, e.Space())
		return face.Photo{Templates: []face.Template{t}}, nil, err
	}
	photo, err := e.Faces(ctx, one.photo, want.Wanted)
	if err != nil {
		return photo, nil, one.about(err)
	}
	photo, spoofs, err := want.spoofs.Sift(image, photo)
	return photo, spoofs, one.about(err)
}

// among is what an answer calls the photograph where it is one of several; else empty.
func (one sent) among(photos []sent) string {
	if len(photos) == 1 {
		return ""
	}
	return cmp.Or(one.file, one.name)
}

// about says of an error which photograph it is about.
func (one sent) about(err error) error {
	if err == nil {
		return nil
	}
	return face.Wrap(face.CodeOf(err), err, "%s", one.name)
}
