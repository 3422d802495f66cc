package main

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/sheet"
)

// encoderOf chooses how to encode a picture by the ending of its file's name.
func encoderOf(file string) (func(io.Writer, image.Image) error, error) {
	switch strings.ToLower(filepath.Ext(file)) {
	case ".png":
		return png.Encode, nil
	case ".jpg", ".jpeg":
		return func(w io.Writer, m image.Image) error { return jpeg.Encode(w, m, &jpeg.Options{Quality: 92}) }, nil
	default:
		return nil, misuse{fmt.Errorf("%s: name a file that ends in .png or .jpg", file)}
	}
}

// marksOf are the marks of extracted faces: their numbers and confidences.
func marksOf(faces []embed.Extracted) []sheet.Mark {
	marks := make([]sheet.Mark, len(faces))
	for i, f := range faces {
		marks[i] = sheet.Mark{Detection: f.Detection, Label: fmt.Sprintf("%d  %.2f", i+1, f.Detection.Confidence)}
		marks[i].Detection.Landmarks = slices.Concat(f.Detection.Landmarks, f.Points)
	}
	return marks
}

// drawInto writes a photograph with marks into a folder, which is made if need be, as
// a JPEG that is named after it.
func drawInto(e *embed.Embedder, name string, data []byte, marks []sheet.Mark, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return face.Wrap(face.Unavailable, err, "folder for the drawings")
	}
	file := filepath.Join(dir, stem(name)+"-faces.jpg")
	if same(name, file) {
		return face.Errorf(face.Exists, "the drawing %s would take the place of the photograph: name another folder by --draw", file)
	}
	return drawFaces(e, data, marks, file)
}

// drawFaces writes the photograph with its faces marked.
func drawFaces(e *embed.Embedder, data []byte, marks []sheet.Mark, file string) error {
	encode, err := encoderOf(file)
	if err != nil {
		return err
	}
	photo, err := e.Picture(data)
	if err != nil {
		return err
	}
	if err := sheet.Annotate(photo, marks); err != nil {
		return err
	}
	var b bytes.Buffer
	if err = encode(&b, photo); err == nil {
		err = os.WriteFile(file, b.Bytes(), 0o644)
	}
	if err != nil {
		return face.Wrap(face.Unavailable, err, "write the picture")
	}
	return nil
}
