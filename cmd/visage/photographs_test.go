package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/search"
)

// needs returns what an environment variable names, or skips.
func needs(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Skipf("%s is not set: this test needs real models and photographs", variable)
	}
	return value
}

func realEmbedder(t *testing.T, detector, model string) *embed.Embedder {
	t.Helper()
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	e, err := embed.Open(embed.Config{
		Store: registry.NewStore(entries, needs(t, "VISAGE_TEST_MODELS")), Detector: detector, Recognizer: model,
		OrtLib: needs(t, "VISAGE_ORT_LIB"),
	})
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

// Of every photograph of a gallery of real people, the first candidate is its
// own person, also when the photograph itself is left out.
func TestEveryPhotographFindsItsOwnPerson(t *testing.T) {
	t.Parallel()
	people := filepath.Join(needs(t, "VISAGE_TEST_PHOTOS"), "people")
	e, db := realEmbedder(t, "scrfd", "MobileFaceNet"), pgtest.New(t)
	report, err := ingest.Run(t.Context(), ingest.Config{Root: people, Space: e.Space(), Detector: e.Detector()}, e, db)
	if err != nil || report.Faces < 60 || report.Faces != report.Ingested {
		t.Fatalf("%+v, %v", report, err)
	}
	searcher, err := search.NewSearcher(search.Config{Gallery: db})
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob(filepath.Join(people, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := readFile(path)
		if err != nil {
			t.Fatal(err)
		}
		photo, err := e.Embed(t.Context(), data, face.Prominent)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		found, err := searcher.Find(t.Context(), photo.Templates, search.FindOptions{Threshold: cosineOf(e), K: 2})
		if err != nil {
			t.Fatal(err)
		}
		own := filepath.Base(filepath.Dir(path))
		if m := found.Results[0]; m[0].Identity != own || m[0].Distance > 1e-6 || m[1].Identity != own {
			t.Errorf("%s: nearest are %s at %.4f and %s at %.4f", path, m[0].Identity, m[0].Distance, m[1].Identity, m[1].Distance)
		}
	}
}

// The figures of the reference on these pairs are accuracy and area 1.0000. At
// the registry's threshold no pair is wrong but one impostor pair by
// MobileFaceNet, whose threshold was set on other pairs.
func TestVerificationOfRealPairs(t *testing.T) {
	t.Parallel()
	root := needs(t, "VISAGE_TEST_PHOTOS")
	pairs, err := eval.ReadPairsFile(filepath.Join(root, "pairs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, detector := range []string{"scrfd", "yunet"} {
		for model, wrong := range map[string]int{"MobileFaceNet": 1, "Buffalo_S": 0, "EdgeFace_XS": 0, "EdgeFace_XXS": 0} {
			t.Run(detector+" "+model, func(t *testing.T) {
				t.Parallel()
				e := realEmbedder(t, detector, model)
				got, err := eval.Verify(t.Context(), eval.Config{Embedder: e, Detector: detector, Threshold: cosineOf(e)}, pairs, root)
				if err != nil {
					t.Fatal(err)
				}
				if got.Pairs != 1830 || got.Failed != 0 || got.Accuracy < 0.998 || got.AUC < 0.9999 {
					t.Errorf("pairs %d, failed %d, accuracy %.4f, AUC %.4f", got.Pairs, got.Failed, got.Accuracy, got.AUC)
				}
				if at := got.ModelThreshold; at == nil || at.FalseNonMatches != 0 || at.FalseMatches > wrong {
					t.Errorf("at the model's threshold: %+v", at)
				}
			})
		}
	}
}
