package embed_test

import (
	"bytes"
	"context"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// A large JPEG, which is decoded at a part of its size, gives what the same
// pixels give as a PNG, which is not: the same faces within 3 % of the width of
// the box, and templates with a cosine of 0.9 or more. They differ because the
// detectors' references scale photographs down without smoothing them.
func TestReducedDecoding(t *testing.T) {
	t.Parallel()
	e := openEmbedder(t, embed.Config{Detector: "yunet", Recognizer: "MobileFaceNet", OrtLib: golden.OrtLib(t)}, golden.Models(t))
	for _, name := range []string{"img40.jpg", "img49.jpg"} { // of 13 and 14 megapixels
		data := golden.Read(t, golden.PhotoPath(t, name))
		got, err := e.Embed(context.Background(), data, face.Prominent)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want, err := e.Embed(context.Background(), asPNG(t, data), face.Prominent)
		if err != nil || len(got.Templates) != len(want.Templates) || got.Width != want.Width || got.Height != want.Height {
			t.Fatalf("%s: %d faces of %dx%d, want %d of %dx%d, %v", name, len(got.Templates), got.Width, got.Height, len(want.Templates), want.Width, want.Height, err)
		}
		for i, w := range want.Templates {
			g := got.Templates[i]
			a, b := g.Detection.Box, w.Detection.Box
			if off := max(abs(a.X1-b.X1), abs(a.Y1-b.Y1), abs(a.X2-b.X2), abs(a.Y2-b.Y2)); off > 0.03*b.Width() {
				t.Errorf("%s face %d: box %v, want %v", name, i, a, b)
			}
			if c := cosine(g.Vector, w.Vector); c < 0.9 {
				t.Errorf("%s face %d: cosine %.4f to that of the whole photograph", name, i, c)
			}
		}
	}
}

func asPNG(t *testing.T, data []byte) []byte {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func abs(v float32) float32 { return max(v, -v) }
