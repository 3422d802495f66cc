package embed_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/align"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

func crops(t *testing.T, e *embed.Embedder, name string) []embed.Extracted {
	t.Helper()
	found, _, _, err := e.Extract(context.Background(), golden.Read(t, golden.PhotoPath(t, name)), face.AllFaces)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return found
}

func size(t *testing.T, data []byte) image.Point {
	t.Helper()
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return image.Pt(config.Width, config.Height)
}

// Frontal portraits fit the template better than 20 % of the eye distance, and
// say how they lay in the photograph.
func TestExtractAligned(t *testing.T) {
	t.Parallel()
	e := openEmbedder(t, embed.Config{Detector: "yunet", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(t)}, golden.Models(t))
	got := crops(t, e, "img1.jpg")
	if len(got) != 1 || size(t, got[0].PNG) != image.Pt(align.Side, align.Side) {
		t.Fatalf("%d crops", len(got))
	}
	p := got[0].Placement
	left, right, _ := got[0].Detection.Landmarks.Eyes()
	wantScale := 35.24 / left.Distance(right) // the template's eyes are 35.24 pixels apart
	if p.Residual <= 0 || p.Residual > 0.2 || p.Scale < 0.8*wantScale || p.Scale > 1.2*wantScale || p.Roll < -8 || p.Roll > 8 {
		t.Errorf("placement %+v, want a scale near %.3f", p, wantScale)
	}
}

// DeepFace's crop has the size of the box, which lies where the native one does
// though a border was put around the photograph.
func TestExtractAsDeepFace(t *testing.T) {
	t.Parallel()
	native := openEmbedder(t, embed.Config{Detector: "yunet", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(t)}, golden.Models(t))
	cfg := embed.Config{Detector: "yunet", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(t), Options: detect.Options{Profile: face.DeepFace}}
	deepface := openEmbedder(t, cfg, golden.Models(t))
	cfg.Crop.Expand = 20
	expanded := openEmbedder(t, cfg, golden.Models(t))
	for _, name := range []string{"img1.jpg", "couple.jpg"} {
		want, got, wide := crops(t, native, name), crops(t, deepface, name), crops(t, expanded, name)
		if len(want) != len(got) || len(want) != len(wide) {
			t.Fatalf("%s: %d, %d and %d faces", name, len(want), len(got), len(wide))
		}
		for i, d := range got {
			box := d.Detection.Box
			if size(t, d.PNG) != image.Pt(int(box.Width()), int(box.Height())) || d.Placement != nil {
				t.Errorf("%s: a crop of %v for the box %v", name, size(t, d.PNG), box)
			}
			if off := box.Centre().Distance(want[i].Detection.Box.Centre()); off > 0.1*float64(box.Width()) {
				t.Errorf("%s: box %v is %.0f pixels from the native %v", name, box, off, want[i].Detection.Box)
			}
			if w := wide[i].Detection.Box; int(w.Width()) != int(box.Width())+int(box.Width())*20/100 {
				t.Errorf("%s: box %v expanded by 20 %% is %v", name, box, w)
			}
		}
	}
}

// A detector without landmarks gets the eyes of the cascade in DeepFace's
// profile.
func TestDeepFaceLooksForEyes(t *testing.T) {
	t.Parallel()
	e := openEmbedder(t, embed.Config{
		Detector: "ultraface", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(t), Options: detect.Options{Profile: face.DeepFace},
	}, golden.Models(t))
	for _, c := range crops(t, e, "img13.jpg") {
		left, right, ok := c.Detection.Landmarks.Eyes()
		b := c.Detection.Box
		if !ok || left.X >= right.X || left.X < b.X1 || right.X > b.X2 || left.Y > b.Centre().Y+b.Height()/8 {
			t.Errorf("eyes %v in the box %v", c.Detection.Landmarks, b)
		}
	}
}

// Unaligned crops are the boxes, cut at the border; the detector that does not
// look takes the picture.
func TestExtractUnaligned(t *testing.T) {
	t.Parallel()
	cfg := embed.Config{Detector: "scrfd", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(t), Crop: embed.Crop{Unaligned: true}}
	for _, c := range crops(t, openEmbedder(t, cfg, golden.Models(t)), "selfie-many-people.jpg") {
		b := c.Detection.Box.Clip(600, 604)
		if got := size(t, c.PNG); got != image.Pt(int(b.Width()), int(b.Height())) {
			t.Errorf("a crop of %v for the box %v", got, b)
		}
	}
	got := crops(t, openEmbedder(t, embed.Config{Detector: "skip", Recognizer: embed.NoRecognizer}), "selfie-many-people.jpg")
	if len(got) != 1 || got[0].Detection.Box != (face.Box{X2: 600, Y2: 604}) || size(t, got[0].PNG) != image.Pt(112, 112) || got[0].Placement != nil {
		t.Errorf("skip gives %d faces, %v", len(got), got[0].Detection)
	}
}

// A picture that cannot be a face, and one that no margin can be put around, are
// the photograph's fault, and leave nothing open.
func TestExtractStrips(t *testing.T) {
	t.Parallel()
	var strip bytes.Buffer
	if err := png.Encode(&strip, image.NewGray(image.Rect(0, 0, 20000, 1))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg  embed.Config
		want face.Code
	}{
		"too narrow": {embed.Config{Detector: "skip"}, face.NoFace},
		"bordered":   {embed.Config{Detector: "opencv", Options: detect.Options{Profile: face.DeepFace}}, face.TooLarge},
		"padded":     {embed.Config{Detector: "skip", Pad: 1}, face.TooLarge},
	} {
		c.cfg.Recognizer = embed.NoRecognizer
		e := openEmbedder(t, c.cfg)
		if _, _, _, err := e.Extract(context.Background(), strip.Bytes(), face.AllFaces); face.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestExtractSettings(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]embed.Config{
		"expanded though aligned": {Detector: "skip", Recognizer: embed.NoRecognizer, Crop: embed.Crop{Expand: 10}},
		"shrunk":                  {Detector: "skip", Recognizer: embed.NoRecognizer, Crop: embed.Crop{Unaligned: true, Expand: -1}},
		"unknown profile":         {Detector: "opencv", Recognizer: embed.NoRecognizer, Options: detect.Options{Profile: "mine"}},
		"tiny input":              {Detector: "opencv", Recognizer: embed.NoRecognizer, Options: detect.Options{Side: 8}},
		"too sure":                {Detector: "opencv", Recognizer: embed.NoRecognizer, Options: detect.Options{Confidence: 1}},
	} {
		if e, err := openWith(t, cfg); face.CodeOf(err) != face.Invalid {
			t.Errorf("%s: %v, %v", name, err, e.Close())
		}
	}
}
