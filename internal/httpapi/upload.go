package httpapi

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// upload is one photograph of several that a call brings, or why it cannot be read.
type upload struct {
	name string // what the caller calls it; empty for one that came as text
	data []byte
	err  error
}

// uploads reads the photographs of a call: files named photo or photos of a form, and
// texts in the fields of these names. It returns Invalid for none of them and
// TooLarge for too many.
func (v v1) uploads(ctx context.Context, f *fields) ([]upload, error) {
	var texts []string
	if one := f.text("photo", ""); one != "" && len(f.form["photo"]) == 0 {
		texts = append(texts, one)
	}
	if f.has("photos") {
		f.into("photos", "a list of texts", &texts)
	}
	for _, name := range [...]string{"photo", "photos"} {
		texts = append(texts, f.form[name]...)
	}
	if f.err != nil {
		return nil, f.err
	}
	files := slices.Concat(f.files["photo"], f.files["photos"])
	switch n := len(texts) + len(files); {
	case n == 0:
		return nil, face.Errorf(face.Invalid, "photos is missing: send files of that name in a form, or a list of base64")
	case n > v.cfg.MaxPhotos:
		return nil, face.Errorf(face.TooLarge, "%d photographs in one call: send at most %d", n, v.cfg.MaxPhotos)
	}
	var all []upload
	for _, header := range files {
		u := upload{name: face.Readable(header.Filename)}
		file, err := header.Open()
		if err != nil {
			return nil, face.Wrap(face.Internal, err, "open a file that was sent")
		}
		u.data, err = io.ReadAll(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, face.Wrap(face.Internal, err, "read a file that was sent")
		}
		all = append(all, u)
	}
	for _, text := range texts {
		u := upload{}
		u.data, u.err = v.cfg.Photos.Read(ctx, text)
		all = append(all, u)
	}
	return all, nil
}

// faces are those of the photograph that count, and those that do not; image names it
// for those.
func (u upload) faces(ctx context.Context, e Embedder, image string, want wanted) (face.Photo, []search.Spoof, error) {
	if u.err != nil {
		return face.Photo{}, nil, u.err
	}
	seen, err := e.Faces(ctx, u.data, want.Wanted)
	if err != nil {
		return seen, nil, err
	}
	return want.spoofs.Sift(image, seen)
}

// fatal says whether an error ends the whole call, rather than being the fault of one
// photograph.
func fatal(err error) bool {
	switch face.CodeOf(err) {
	case face.Internal, face.Cancelled, face.Unavailable:
		return true
	default:
		return false
	}
}

// choiceOf are the fields that name models.
func choiceOf(f *fields) Choice {
	return Choice{Recognizer: f.text("model", ""), Detector: f.text("detector", "")}
}

// label is what an answer calls a photograph: its name, or its place in the call.
func (u upload) label(i int) string {
	if u.name != "" {
		return u.name
	}
	return strconv.Itoa(i)
}
