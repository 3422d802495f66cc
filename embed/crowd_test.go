package embed_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
	"golang.org/x/image/draw"
)

// crowd is a photograph of columns x rows faces, each on side pixels.
func crowd(t *testing.T, columns, rows, side int) []byte {
	t.Helper()
	out := image.NewRGBA(image.Rect(0, 0, columns*side, rows*side))
	names := []string{"img1.jpg", "img13.jpg", "img24.jpg", "img41.jpg"}
	for i, name := range names {
		portrait, err := jpeg.Decode(bytes.NewReader(golden.Read(t, golden.PhotoPath(t, name))))
		if err != nil {
			t.Fatal(err)
		}
		small := image.NewRGBA(image.Rect(0, 0, side, side))
		draw.BiLinear.Scale(small, small.Rect, portrait, portrait.Bounds(), draw.Src, nil)
		for k := i; k < columns*rows; k += len(names) {
			at := image.Pt(k%columns*side, k/columns*side)
			draw.Draw(out, image.Rectangle{Min: at, Max: at.Add(image.Pt(side, side))}, small, image.Point{}, draw.Src)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, out, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Of several hundred small faces many are missed at the detector's usual size;
// once it sees the photograph large enough, hardly one is, and each is embedded.
func TestHundredsOfFaces(t *testing.T) {
	t.Parallel()
	const columns, rows = 20, 15
	data := crowd(t, columns, rows, 96)
	cfg := embed.Config{Detector: "scrfd", Recognizer: "MobileFaceNet", OrtLib: golden.OrtLib(t)}
	if found, _, _, err := openEmbedder(t, cfg, golden.Models(t)).Detect(context.Background(), data, face.AllFaces); err != nil || len(found) > columns*rows*85/100 {
		t.Errorf("at its usual size it finds %d faces of %d, %v", len(found), columns*rows, err)
	}
	cfg.Options = detect.Options{Side: 1920}
	e := openEmbedder(t, cfg, golden.Models(t))
	photo, err := e.Embed(context.Background(), data, face.AllFaces)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(photo.Templates); n < columns*rows*95/100 || n > columns*rows*105/100 {
		t.Errorf("%d faces, want %d", n, columns*rows)
	}
}
