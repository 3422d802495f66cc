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
// more for every face, and no two of the recognisers share a space.
func TestEmbeddingsMatchTheReference(t *testing.T) {
	t.Parallel()
	spaces := map[string]bool{}
	for recogniser, network := range map[string]string{
		"MobileFaceNet": "mobilefacenet_foamliu_128", "Buffalo_S": "w600k_mbf_512_w8",
		"EdgeFace_XS": "edgeface_xs_512", "EdgeFace_XXS": "edgeface_xxs_512",
	} {
		e := openEmbedder(t, embed.Config{Detector: "scrfd", Recognizer: recogniser, OrtLib: golden.OrtLib(t)}, golden.Models(t))
		spaces[e.Space().Name()] = true
		t.Run(recogniser, func(t *testing.T) { matchesTheReference(t, e, network) })
	}
	if len(spaces) != 4 {
		t.Errorf("spaces %v, want four", spaces)
	}
}

func matchesTheReference(t *testing.T, e *embed.Embedder, network string) {
	t.Helper()
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
			if c := cosine(photo.Templates[i].Vector, f.Embedding(t, network)); c < 0.99 {
				t.Errorf("%s face %d: cosine %.5f to the reference", name, i, c)
			}
		}
	}
}
