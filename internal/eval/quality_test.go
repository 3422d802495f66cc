package eval_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
)

// bender is a Spoiler of the protractor's photographs: it turns the angle 0 up and others
// down, by up to 120 degrees, and hides the face where it is told to darken it.
type bender struct {
	mu    sync.Mutex
	harms map[string]float64 // strength, by photograph and kind
}

func (b *bender) Spoil(_ context.Context, data []byte, _ face.Detection, harm face.Harm) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.harms[string(data)+" "+string(harm.Kind)] = harm.Strength
	if harm.Kind == face.Darken {
		return []byte("code no_face"), nil
	}
	var degrees float64
	if _, err := fmt.Sscan(string(data), &degrees); err != nil {
		return nil, err
	}
	by := -120.
	if degrees == 0 {
		by = 120
	}
	return fmt.Appendf(nil, "%g", degrees+by*harm.Strength), nil
}

// critic is a protractor that thinks the less of a photograph the farther its angle
// is from 0; a false one, the more.
type critic struct {
	protractor
	wrong bool
}

func (c *critic) Embed(ctx context.Context, data []byte, which face.Choice) (face.Photo, error) {
	photo, err := c.protractor.Embed(ctx, data, which)
	for i := range photo.Templates {
		var degrees float64
		if _, err := fmt.Sscan(string(data), &degrees); err != nil {
			return photo, err
		}
		score := 1 - math.Abs(degrees)/360
		if c.wrong {
			score = 1 - score
		}
		photo.Templates[i].Measures.Quality.Score = score
	}
	return photo, err
}

func qualityOf(t *testing.T, embedder eval.Embedder, seed uint64) (eval.QualityEvaluation, *bender) {
	t.Helper()
	files, pairs := map[string]string{"none.jpg": "code no_face"}, []eval.Pair{{A: "0.jpg", B: "none.jpg", Same: true}, {A: "0.jpg", B: "1.jpg"}, {A: "0.jpg", B: "0.jpg", Same: true}}
	for i := range 20 {
		files[fmt.Sprintf("%d.jpg", i)] = fmt.Sprint(i)
		if i > 0 {
			pairs = append(pairs, eval.Pair{A: "0.jpg", B: fmt.Sprintf("%d.jpg", i), Same: true})
		}
	}
	spoiler := &bender{harms: map[string]float64{}}
	cfg := eval.QualityConfig{Config: eval.Config{Embedder: embedder, Threshold: half, Detector: "suite"}, Spoiler: spoiler, Seed: seed}
	got, err := eval.Quality(t.Context(), cfg, pairs, folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return got, spoiler
}

func TestQuality(t *testing.T) {
	t.Parallel()
	got, spoiler := qualityOf(t, &critic{}, 7)
	// 20 photographs in 4 versions with a face each, that is 16 comparisons for each of 19 pairs
	if got.Photographs != 21 || got.Versions != 80 || got.Failed != 21 || got.Pairs != 20 || got.Comparisons != 19*16 || len(got.FailedFiles) != 1 {
		t.Errorf("%+v", got)
	}
	if len(spoiler.harms) != 80 {
		t.Errorf("%d harms were done, want 80", len(spoiler.harms))
	}
	if got.FNMR != got.Curve[0].FNMR || got.FNMR < 0.3 || len(got.Curve) != 51 || got.Curve[50].FNMR >= got.FNMR/2 || got.Gain == nil || *got.Gain < 0.5 {
		t.Errorf("FNMR %g, after half is rejected %g, areas %+v", got.FNMR, got.Curve[50].FNMR, got.Area)
	}
	if h := got.Harms[0]; h.Kind != "none" || h.Versions != 20 || h.Failed != 1 || h.Comparisons != 19 || *h.FNMR != 0 {
		t.Errorf("as they are: %+v", h)
	}
	for _, h := range got.Harms[1:] {
		if h.Kind == face.Darken {
			if h.Versions != 0 || h.Failed != 20 || h.MeanQuality != nil || h.FNMR != nil {
				t.Errorf("%+v", h)
			}
		} else if h.Versions != 20 || h.Comparisons != 38 || *h.FNMR <= 0 || *h.MeanQuality >= *got.Harms[0].MeanQuality {
			t.Errorf("%+v", h)
		}
	}
	if _, err := json.Marshal(got); err != nil {
		t.Error(err)
	}
}

// A score that misleads is worse than none, and the same seed does the same.
func TestQualityThatMisleads(t *testing.T) {
	t.Parallel()
	good, first := qualityOf(t, &critic{}, 7)
	bad, second := qualityOf(t, &critic{wrong: true}, 7)
	if *bad.Gain >= 0 || bad.FNMR != good.FNMR || fmt.Sprint(first.harms) != fmt.Sprint(second.harms) {
		t.Errorf("gain %g, FNMR %g and %g", *bad.Gain, bad.FNMR, good.FNMR)
	}
	other, third := qualityOf(t, &critic{}, 8)
	if fmt.Sprint(first.harms) == fmt.Sprint(third.harms) || other.FNMR == good.FNMR {
		t.Error("another seed does the same")
	}
	mean := 0.
	for _, strength := range first.harms {
		mean += strength / 80
	}
	if math.Abs(mean-0.5) > 0.15 {
		t.Errorf("the strengths have a mean of %g", mean)
	}
}

func TestQualityRefuses(t *testing.T) {
	t.Parallel()
	root := folder(t, map[string]string{"a.jpg": "code no_face", "b.jpg": "1"})
	ok := eval.QualityConfig{Config: eval.Config{Embedder: &critic{}, Threshold: half}, Spoiler: &bender{harms: map[string]float64{}}}
	genuine := []eval.Pair{{A: "a.jpg", B: "b.jpg", Same: true}}
	for name, c := range map[string]struct {
		change func(*eval.QualityConfig)
		pairs  []eval.Pair
		want   face.Code
	}{
		"no embedder":          {func(c *eval.QualityConfig) { c.Embedder = nil }, genuine, face.Invalid},
		"no spoiler":           {func(c *eval.QualityConfig) { c.Spoiler = nil }, genuine, face.Invalid},
		"no threshold":         {func(c *eval.QualityConfig) { c.Threshold = face.Threshold{} }, genuine, face.Invalid},
		"no genuine pair":      {func(*eval.QualityConfig) {}, []eval.Pair{{A: "a.jpg", B: "b.jpg"}, {A: "b.jpg", B: "b.jpg", Same: true}}, face.Invalid},
		"a face in one only":   {func(*eval.QualityConfig) {}, genuine, face.NoFace},
		"photographs are gone": {func(*eval.QualityConfig) {}, []eval.Pair{{A: "x.jpg", B: "y.jpg", Same: true}}, face.NoFace},
	} {
		cfg := ok
		c.change(&cfg)
		if _, err := eval.Quality(t.Context(), cfg, c.pairs, root); face.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func TestGenuinePairs(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a/1.jpg": "", "a/2.jpg": "", "a/deep/3.jpg": "", "b/1.jpg": "", "4.jpg": "", "5.jpg": ""})
	pairs, err := eval.GenuinePairs(dir)
	var got []string
	for _, p := range pairs {
		got = append(got, filepath.ToSlash(p.A+"+"+p.B))
	}
	if want := "a/1.jpg+a/2.jpg a/1.jpg+a/deep/3.jpg a/2.jpg+a/deep/3.jpg"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%v, %v; want %s", got, err, want)
	}
	_, err = eval.GenuinePairs(filepath.Join(dir, "b"))
	wantCode(t, err, face.Invalid)
	_, err = eval.GenuinePairs(filepath.Join(dir, "nowhere"))
	wantCode(t, err, face.NotFound)
}
