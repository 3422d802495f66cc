package embed_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/detect"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// Several recognisers over one detection give what each gives alone, in either
// profile, and any of them can be left out.
func TestSeveralRecognizers(t *testing.T) {
	t.Parallel()
	other := arcFace
	other.Seed++
	store := storeOf(t, map[string]onnxtest.Recognizer{"ArcFace": arcFace, "GhostFaceNet": other})
	for name, cfg := range map[string]embed.Config{
		"native":    {Detector: "yunet", Recognizer: "MobileFaceNet", Also: []string{"EdgeFace_XS", "LBPH"}},
		"deepface":  {Detector: "yunet", Recognizer: "ArcFace", Also: []string{"GhostFaceNet"}, Options: detect.Options{Profile: face.DeepFace}},
		"unaligned": {Detector: "yunet", Recognizer: "ArcFace", Also: []string{"GhostFaceNet"}, Options: detect.Options{Profile: face.DeepFace}, Crop: embed.Crop{Unaligned: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := openIn(t, store, cfg)
			spaces := all.Spaces()
			slices.Reverse(spaces)
			data := photo(t, "couple.jpg")
			photos, err := all.EmbedIn(context.Background(), data, face.AllFaces, spaces)
			if err != nil {
				t.Fatal(err)
			}
			for i, space := range spaces {
				alone := cfg
				alone.Recognizer, alone.Also = space.Recognizer, nil
				want, err := openIn(t, store, alone).Embed(context.Background(), data, face.AllFaces)
				if err != nil {
					t.Fatal(err)
				}
				samePhoto(t, space.Name(), photos[i], want)
			}
		})
	}
}

func samePhoto(t *testing.T, name string, got, want face.Photo) {
	t.Helper()
	if got.Width != want.Width || got.Height != want.Height || len(got.Templates) != len(want.Templates) {
		t.Fatalf("%s: %d faces in %dx%d, want %d in %dx%d", name, len(got.Templates), got.Width, got.Height, len(want.Templates), want.Width, want.Height)
	}
	for k, w := range want.Templates {
		g := got.Templates[k]
		if g.Space != w.Space || g.Detection.Box != w.Detection.Box || !slices.Equal(g.Detection.Landmarks, w.Detection.Landmarks) || g.Measures.Sharpness != w.Measures.Sharpness {
			t.Errorf("%s, face %d: %+v, want %+v", name, k, g.Detection, w.Detection)
		}
		for i, v := range w.Vector {
			if math.Abs(float64(g.Vector[i]-v)) > 1e-5*math.Max(1, math.Abs(float64(v))) {
				t.Fatalf("%s, face %d: component %d is %g, want %g", name, k, i, g.Vector[i], v)
			}
		}
	}
}

func TestSeveralThatCannotBe(t *testing.T) {
	t.Parallel()
	store := storeWith(t, "ArcFace", arcFace)
	facenet := onnxtest.Recognizer{Input: onnxtest.Value{Name: "input", Shape: []int64{-1, 160, 160, 3}}, Last: true, Dim: 128}
	for want, cfg := range map[string]embed.Config{
		"named twice":             {Recognizer: "MobileFaceNet", Also: []string{"mobilefacenet"}},
		"no recognizer named":     {Recognizer: "MobileFaceNet", Also: []string{"nobody"}},
		"name one profile":        {Recognizer: "Facenet", Also: []string{"MobileFaceNet"}},
		"has no profile deepface": {Recognizer: "Facenet", Also: []string{"MobileFaceNet"}, Options: detect.Options{Profile: face.DeepFace}},
	} {
		cfg.Detector, cfg.OrtLib, cfg.Store = "yunet", golden.OrtLib(t), store
		if cfg.Recognizer == "Facenet" {
			cfg.Store = storeWith(t, "Facenet", facenet)
		}
		e, err := embed.Open(cfg)
		if err == nil {
			golden.Check(t, e.Close())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want it to say %q", cfg.Also, err, want)
		}
	}
	e := openIn(t, store, embed.Config{Detector: "yunet", Recognizer: "MobileFaceNet"})
	if _, err := e.EmbedIn(context.Background(), photo(t, "img1.jpg"), face.Prominent, []face.Space{{Recognizer: "other", Dim: 4}}); face.CodeOf(err) != face.Mismatch {
		t.Errorf("another space: %v", err)
	}
}
