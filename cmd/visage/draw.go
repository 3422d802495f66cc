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

// drawFaces writes the photograph with its faces marked.
func drawFaces(e *embed.Embedder, data []byte, faces []embed.Extracted, file string) error {
	encode, err := encoderOf(file)
	if err != nil {
		return err
	}
	photo, err := e.Picture(data)
	if err != nil {
		return err
	}
	marks := make([]sheet.Mark, len(faces))
	for i, f := range faces {
		marks[i] = sheet.Mark{Detection: f.Detection, Label: fmt.Sprintf("%d  %.2f", i+1, f.Detection.Confidence)}
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
