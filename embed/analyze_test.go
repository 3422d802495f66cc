package embed_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/onnxtest"
)

// analyzing opens all that the test's models can say of faces.
func analyzing(t *testing.T, cfg embed.Config) *embed.Embedder {
	t.Helper()
	cfg.Recognizer, cfg.Liveness, cfg.OrtLib = embed.NoRecognizer, embed.Auto, golden.OrtLib(t)
	if cfg.Detector == "" {
		cfg.Detector = "scrfd"
	}
	if cfg.Attributes == nil {
		cfg.Attributes = []face.Attribute{face.Age, face.Gender, face.Emotion}
	}
	return openEmbedder(t, cfg, golden.Models(t))
}

func analyzed(t *testing.T, e *embed.Embedder, photo string, asked embed.Asked) []embed.Analyzed {
	t.Helper()
	out, width, height, err := e.Analyze(context.Background(), golden.Read(t, golden.PhotoPath(t, photo)), face.AllFaces, asked)
	if err != nil || width < 1 || height < 1 {
		t.Fatalf("%s: %v, %dx%d pixels", photo, err, width, height)
	}
	return out
}

// From the photograph, the dominant labels are the reference's, the age within a
// year, and the probability of a live face within 0.02.
func TestAnalyzeMatchesTheReference(t *testing.T) {
	t.Parallel()
	e := analyzing(t, embed.Config{})
	for name, want := range golden.Load(t).Photos {
		got := analyzed(t, e, name, embed.Asked{Attributes: []face.Attribute{face.Gender, face.Age, face.Emotion}, Liveness: true})
		if len(got) != len(want.Faces) {
			t.Fatalf("%s: %d faces, want %d", name, len(got), len(want.Faces))
		}
		for i, f := range want.Faces {
			var age float64
			var gender, emotion map[string]float64
			var live struct {
				Mean []float64 `json:"mean_probs"`
				Real bool      `json:"real"`
			}
			f.Said(t, "faceapi_age", &age)
			f.Said(t, "faceapi_gender", &gender)
			f.Said(t, "oarriaga_emotion_64", &emotion)
			f.Said(t, "minifasnet", &live)
			said := got[i].Attributes
			if math.Abs(said[face.Age].Years-age) > 1 || said[face.Age].Model != "FaceApi_AgeGender" {
				t.Errorf("%s face %d: %+v, want an age of %.1f", name, i, said[face.Age], age)
			}
			man := gender["male"] > gender["female"]
			if (said[face.Gender].Dominant == "Man") != man || (said[face.Gender].Dominant == "Woman") == man {
				t.Errorf("%s face %d: %+v, want %v", name, i, said[face.Gender], gender)
			}
			for _, p := range emotion {
				if p > emotion[said[face.Emotion].Dominant] {
					t.Errorf("%s face %d: %+v, want %v", name, i, said[face.Emotion], emotion)
				}
			}
			if l := got[i].Liveness; l == nil || l.Real != live.Real || math.Abs(l.Score-live.Mean[1]) > 0.02 {
				t.Errorf("%s face %d: %+v, want %+v", name, i, l, live)
			}
		}
	}
}

// What is not asked for is not said; what there is no model for is refused.
func TestAnalyzeSaysWhatIsAsked(t *testing.T) {
	t.Parallel()
	e := analyzing(t, embed.Config{AttributeModels: []string{"FaceApi_Expression", "mini_xception_gender"}})
	got := analyzed(t, e, "couple.jpg", embed.Asked{Attributes: []face.Attribute{face.Gender, face.Emotion}})
	if len(got) != 2 {
		t.Fatalf("%d faces, want 2", len(got))
	}
	for _, f := range got {
		if len(f.Attributes) != 2 || f.Attributes[face.Gender].Model != "MiniXception_Gender" || f.Attributes[face.Emotion].Model != "FaceApi_Expression" || f.Liveness != nil {
			t.Errorf("got %+v", f)
		}
		sum := 0.0
		for _, p := range f.Attributes[face.Emotion].Percent {
			sum += p
		}
		if math.Abs(sum-100) > 1e-6 {
			t.Errorf("emotions are %g percent", sum)
		}
	}
	if _, _, _, err := e.Analyze(t.Context(), nil, face.AllFaces, embed.Asked{Attributes: []face.Attribute{face.Race}}); face.CodeOf(err) != face.Invalid {
		t.Errorf("race: %v", err)
	}
	prominent, _, _, err := e.Analyze(t.Context(), golden.Read(t, golden.PhotoPath(t, "couple.jpg")), face.Prominent, embed.Asked{Liveness: true})
	if err != nil || len(prominent) != 1 {
		t.Errorf("the prominent face: %v, %v", prominent, err)
	}
	for attribute, code := range map[face.Attribute]face.Code{face.Race: face.Unavailable, "height": face.Invalid} {
		cfg := embed.Config{Recognizer: embed.NoRecognizer, Attributes: []face.Attribute{attribute}, OrtLib: golden.OrtLib(t)}
		if _, err := openWith(t, cfg, golden.Models(t)); face.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", attribute, err, code)
		}
	}
}

// Where there is no face there are no attributes, even where the whole photograph
// would be taken for one.
func TestAttributesAreNotInvented(t *testing.T) {
	t.Parallel()
	e := analyzing(t, embed.Config{Anyway: true})
	if got, _, _, err := e.Analyze(t.Context(), plainJPEG(t, 320, 240), face.AllFaces, embed.Asked{Attributes: []face.Attribute{face.Age}, Liveness: true}); face.CodeOf(err) != face.NoFace {
		t.Errorf("got %+v, %v", got, err)
	}
}

// In DeepFace's profile the score of liveness is that of the class that won, and
// detections are in the photograph without its border.
func TestAnalyzeInDeepFacesProfile(t *testing.T) {
	t.Parallel()
	cfg := embed.Config{}
	cfg.Options.Profile = face.DeepFace
	got := analyzed(t, analyzing(t, cfg), "img1.jpg", embed.Asked{Attributes: face.AllAttributes()[:3], Liveness: true})
	want := golden.Load(t).Photos["img1.jpg"].Faces[0]
	if len(got) != 1 || !got[0].Liveness.Real || got[0].Liveness.Score < 0.7 || got[0].Attributes[face.Gender].Dominant != "Woman" {
		t.Fatalf("got %+v", got)
	}
	box := got[0].Detection.Box
	if off := math.Abs(float64(box.X1 - want.Box[0])); off > 30 || box.X1 != float32(int(box.X1)) {
		t.Errorf("box %+v, want whole pixels near %v", box, want.Box)
	}
}

func TestAttributesOfAStore(t *testing.T) {
	t.Parallel()
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	installed, missing, err := embed.Attributes(registry.NewStore(entries, golden.Models(t)))
	if err != nil || !slices.Equal(installed, []face.Attribute{face.Emotion, face.Age, face.Gender}) || !slices.Equal(missing, []face.Attribute{face.Race}) {
		t.Errorf("installed %v, missing %v, %v", installed, missing, err)
	}
}

// DeepFace's models, from graphs of its shapes, are imported after a trial, fed with
// the turned face and read with its labels; and its own are used in its profile.
func TestDeepFacesModels(t *testing.T) {
	t.Parallel()
	in := onnxtest.Value{Name: "in", Shape: []int64{1, 224, 224, 3}}
	age := make([]float32, 101)
	age[20], age[60] = 0.5, 0.5
	graphs := map[string][]float32{"Race": {0.1, 0.1, 0.1, 0.1, 0.5, 0.1}, "Age": age, "Gender": {0.8, 0.2}}
	entries, err := registry.Entries()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	inspect := func(e registry.Entry, paths []string) error {
		return embed.Inspect(t.Context(), golden.OrtLib(t), e, paths)
	}
	for model, values := range graphs {
		path := filepath.Join(t.TempDir(), model+".onnx")
		graph := onnxtest.Answers(in, onnxtest.Answer{Name: "out", Tensor: onnxtest.Tensor{Shape: []int64{1, int64(len(values))}, Data: values}})
		golden.Check(t, os.WriteFile(path, graph, 0o600))
		store := registry.NewStore(entries, dir, golden.Models(t))
		if _, err := store.ImportUnpinned("Emotion", inspect, path); face.CodeOf(err) != face.Mismatch {
			t.Errorf("%s as Emotion: %v", model, err)
		}
		if _, err := store.ImportUnpinned(model, inspect, path); err != nil {
			t.Fatal(err)
		}
	}
	for profile, own := range map[face.Profile]string{face.Native: "FaceApi_AgeGender", face.DeepFace: "Age"} {
		cfg := embed.Config{Detector: "scrfd", Recognizer: embed.NoRecognizer, OrtLib: golden.OrtLib(t), Attributes: []face.Attribute{face.Race, face.Age}}
		cfg.Options.Profile = profile
		e := openEmbedder(t, cfg, dir, golden.Models(t))
		for _, f := range analyzed(t, e, "couple.jpg", embed.Asked{Attributes: cfg.Attributes}) {
			if race := f.Attributes[face.Race]; race.Dominant != "middle eastern" || math.Abs(race.Percent["middle eastern"]-50) > 1e-3 {
				t.Errorf("%s: %+v", profile, race)
			}
			if got := f.Attributes[face.Age]; got.Model != own || own == "Age" && math.Abs(got.Years-40) > 1e-3 {
				t.Errorf("%s: %+v, want an age by %s", profile, got, own)
			}
		}
	}
}
