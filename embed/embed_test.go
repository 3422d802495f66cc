package embed_test

import (
	"context"
	"os"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/cv"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/internal/ort"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if n := cv.Open() + ort.Open(); n != 0 {
		println("native handles left open:", n)
		code = 1
	}
	os.Exit(code)
}

// openWith opens with the models of the registry that are in the folders.
func openWith(t *testing.T, cfg embed.Config, dirs ...string) (*embed.Embedder, error) {
	t.Helper()
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Store = registry.NewStore(entries, dirs...)
	return embed.Open(cfg)
}

func openEmbedder(t *testing.T, cfg embed.Config, dirs ...string) *embed.Embedder {
	t.Helper()
	e, err := openWith(t, cfg, dirs...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// From the photograph, the cosine to the reference's embedding must be 0.99 or
// more for every face.
func TestEmbeddingsMatchTheReference(t *testing.T) {
	t.Parallel()
	e := openEmbedder(t, embed.Config{Detector: "scrfd", Recognizer: "MobileFaceNet", OrtLib: golden.OrtLib(t)}, golden.Models(t))
	for name, want := range golden.Load(t).Photos {
		photo, err := e.Embed(context.Background(), golden.Read(t, golden.PhotoPath(t, name)), face.AllFaces)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(photo.Templates) != len(want.Faces) {
			t.Errorf("%s: %d faces, want %d", name, len(photo.Templates), len(want.Faces))
			continue
		}
		for i, f := range want.Faces {
			if c := cosine(photo.Templates[i].Vector, f.Embedding(t, "mobilefacenet_foamliu_128")); c < 0.99 {
				t.Errorf("%s face %d: cosine %.5f to the reference", name, i, c)
			}
		}
	}
}
