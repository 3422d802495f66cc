package embed_test

import (
	"math"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/internal/golden"
	"github.com/visagedb/visage/internal/face"
)

// stages counts what an Embedder tells of.
type stages struct {
	mu   sync.Mutex
	seen map[string]int
}

func (s *stages) Stage(name string, _ time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[name]++
}

func (*stages) Batch(int) {}

// Templates and crops say whether faces are live where that is asked, by the score that
// Analyze gives up to what a detection on more pixels moves, and are the same where it is
// not; the model does not run then.
func TestLivenessBesideTemplates(t *testing.T) {
	t.Parallel()
	seen := &stages{seen: map[string]int{}}
	e := openEmbedder(t, embed.Config{Recognizer: "MobileFaceNet", Detector: "scrfd", Liveness: embed.Auto, OrtLib: golden.OrtLib(t), Observer: seen}, golden.Models(t))
	if e.Liveness() != "MiniFASNet" || e.LivenessThreshold() != 0 {
		t.Errorf("the model is %q", e.Liveness())
	}
	for n, name := range []string{"couple.jpg", "img40.jpg"} { // templates are cut from a part of the second one's 13 megapixels
		data := golden.Read(t, golden.PhotoPath(t, name))
		unasked, err := e.Embed(t.Context(), data, face.AllFaces)
		if err != nil || seen.seen[embed.StageLiveness] != n {
			t.Fatalf("%s: %v, the model ran %d times unasked", name, err, seen.seen[embed.StageLiveness]-n)
		}
		told, err := e.Taking(embed.Taking{Liveness: true}).Embed(t.Context(), data, face.AllFaces)
		if err != nil || seen.seen[embed.StageLiveness] != n+1 || len(told.Templates) != len(unasked.Templates) {
			t.Fatalf("%s: %v, the model ran %d times for %d faces", name, err, seen.seen[embed.StageLiveness]-n, len(told.Templates))
		}
		said := analyzed(t, e, name, embed.Asked{Liveness: true})
		for i, one := range told.Templates {
			live := one.Measures.Liveness
			if live == nil || live.Real != said[i].Liveness.Real || math.Abs(live.Score-said[i].Liveness.Score) > 0.05 {
				t.Errorf("%s face %d: %+v, analyze says %+v", name, i, live, said[i].Liveness)
			}
			one.Measures.Liveness = nil
			if !reflect.DeepEqual(one, unasked.Templates[i]) {
				t.Errorf("%s face %d: another template because liveness was asked for", name, i)
			}
		}
	}
}

// Crops carry it too, in DeepFace's profile by its box and score: those of Analyze.
func TestLivenessBesideCrops(t *testing.T) {
	t.Parallel()
	for _, profile := range []face.Profile{face.Native, face.DeepFace} {
		cfg := embed.Config{Recognizer: embed.NoRecognizer, Detector: "scrfd", Liveness: embed.Auto, OrtLib: golden.OrtLib(t)}
		cfg.Options.Profile = profile
		e := openEmbedder(t, cfg, golden.Models(t))
		crops, _, _, err := e.Taking(embed.Taking{Liveness: true}).Extract(t.Context(), golden.Read(t, golden.PhotoPath(t, "img1.jpg")), face.AllFaces)
		golden.Check(t, err)
		said := analyzed(t, e, "img1.jpg", embed.Asked{Liveness: true})
		by := 0.05
		if profile == face.DeepFace { // which has all pixels for both
			by = 1e-6
		}
		for i, c := range crops {
			if c.Liveness == nil || !c.Liveness.Real || math.Abs(c.Liveness.Score-said[i].Liveness.Score) > by {
				t.Errorf("%s: %+v, analyze says %+v", profile, c.Liveness, said[i].Liveness)
			}
		}
	}
}

// Without a model nothing is said.
func TestLivenessWithoutAModel(t *testing.T) {
	t.Parallel()
	e := openEmbedder(t, embed.Config{Recognizer: "LBPH", Detector: "opencv"})
	if _, err := e.Taking(embed.Taking{Liveness: true}).Embed(t.Context(), plainJPEG(t, 320, 240), face.AllFaces); face.CodeOf(err) != face.Invalid || e.Liveness() != "" {
		t.Errorf("%v by %q", err, e.Liveness())
	}
}
