package embed_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// FairFace, FER+ and InsightFace's model, from graphs of their signatures, are imported
// after a trial, and read as their authors do, in DeepFace's words.
func TestMoreModelsOfAttributes(t *testing.T) {
	t.Parallel()
	answer := func(name string, values ...float32) onnxtest.Answer {
		return onnxtest.Answer{Name: name, Tensor: onnxtest.Tensor{Shape: []int64{1, int64(len(values))}, Data: values}}
	}
	log := func(p float64) float32 { return float32(math.Log(p)) + 3 }
	rgb := func(side int64) onnxtest.Value { return onnxtest.Value{Name: "in", Shape: []int64{1, 3, side, side}} }
	graphs := map[string][]byte{
		"FairFace": onnxtest.Answers(rgb(224),
			answer("race", log(0.3), log(0.05), log(0.05), log(0.2), log(0.25), log(0.1), log(0.05)),
			answer("gender", log(0.1), log(0.9)),
			answer("age", log(1e-9), log(1e-9), log(1e-9), log(0.5), log(1e-9), log(0.5), log(1e-9), log(1e-9), log(1e-9))),
		"GenderAge": onnxtest.Answers(rgb(96), answer("fc1", 2, 1, 0.41)),
		"FERPlus": onnxtest.Answers(onnxtest.Value{Name: "Input3", Shape: []int64{1, 1, 64, 64}},
			answer("Plus692_Output_0", log(0.05), log(0.05), log(0.05), log(0.05), log(0.05), log(0.05), log(0.1), log(0.6))),
	}
	entries, err := registry.Entries()
	golden.Check(t, err)
	dir := t.TempDir()
	store := registry.NewStore(entries, dir)
	for model, graph := range graphs {
		path := filepath.Join(t.TempDir(), "graph.onnx")
		golden.Check(t, os.WriteFile(path, graph, 0o600))
		inspect := func(e registry.Entry, paths []string) error {
			return embed.Inspect(t.Context(), golden.OrtLib(t), e, paths)
		}
		if _, err := store.ImportUnpinned("Age", inspect, path); face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s as Age: %v", model, err)
		}
		if _, err := store.ImportUnpinned(model, inspect, path); err != nil {
			t.Fatal(err)
		}
	}
	cfg := embed.Config{Detector: "scrfd", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(t), Attributes: face.AllAttributes(), AttributeModels: []string{"FairFace", "FERPlus"}}
	got := analyzed(t, openEmbedder(t, cfg, dir, golden.Models(t)), "img1.jpg", embed.Asked{Attributes: cfg.Attributes})[0].Attributes
	if race := got[face.Race]; race.Dominant != "asian" || len(race.Percent) != 6 || math.Abs(race.Percent["asian"]-45) > 1e-3 || race.Model != "FairFace" {
		t.Errorf("race %+v", race)
	}
	if age, gender := got[face.Age], got[face.Gender]; math.Abs(age.Years-34.5) > 1e-3 || gender.Dominant != "Woman" || math.Abs(gender.Percent["Woman"]-90) > 1e-3 {
		t.Errorf("age %+v, gender %+v", age, gender)
	}
	if emotion := got[face.Emotion]; emotion.Dominant != "contempt" || math.Abs(emotion.Percent["contempt"]-60) > 1e-3 || emotion.Model != "FERPlus" {
		t.Errorf("emotion %+v", emotion)
	}
	cfg.Attributes, cfg.AttributeModels = []face.Attribute{face.Age, face.Gender}, []string{"insightface_genderage"}
	got = analyzed(t, openEmbedder(t, cfg, dir, golden.Models(t)), "img1.jpg", embed.Asked{Attributes: cfg.Attributes})[0].Attributes
	woman := 100 / (1 + math.Exp(-1))
	if age, gender := got[face.Age], got[face.Gender]; math.Abs(age.Years-41) > 1e-3 || gender.Dominant != "Woman" || math.Abs(gender.Percent["Woman"]-woman) > 1e-3 {
		t.Errorf("age %+v, gender %+v", age, gender)
	}
}
