package quality_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/visagedb/visage/embed/quality"
	"github.com/visagedb/visage/internal/face"
)

// portraitMeasures are those of a face that nothing is wrong with.
func portraitMeasures() face.Measures {
	return face.Measures{
		Side: 200, Confidence: 1, Residual: new(0.), Sharpness: 0.6, Brightness: 0.5, Contrast: 0.15, Yaw: new(0.), Pitch: new(0.),
	}
}

// anyMeasures are drawn from all that there may be.
func anyMeasures(random *rand.Rand) face.Measures {
	return face.Measures{
		Side: 300 * random.Float64(), Confidence: 0.01 + 0.99*random.Float64(), Residual: new(random.Float64()), Sharpness: random.Float64(),
		Brightness: random.Float64(), Contrast: random.Float64() / 2, Yaw: new(360*random.Float64() - 180), Pitch: new(360*random.Float64() - 180),
	}
}

// Each row makes one measure better, whatever the others are: the score never
// falls.
func TestScoreIsMonotone(t *testing.T) {
	t.Parallel()
	towards := func(x *float64, aim, share float64) *float64 { return new(*x + share*(aim-*x)) }
	for name, better := range map[string]func(m *face.Measures, share float64){
		"larger":        func(m *face.Measures, s float64) { m.Side += 100 * s },
		"sharper":       func(m *face.Measures, s float64) { m.Sharpness = *towards(&m.Sharpness, 1, s) },
		"better lit":    func(m *face.Measures, s float64) { m.Brightness = *towards(&m.Brightness, 0.5, s) },
		"more contrast": func(m *face.Measures, s float64) { m.Contrast = *towards(&m.Contrast, 0.5, s) },
		"less turned":   func(m *face.Measures, s float64) { m.Yaw = towards(m.Yaw, 0, s) },
		"less nodding":  func(m *face.Measures, s float64) { m.Pitch = towards(m.Pitch, 0, s) },
		"better fit":    func(m *face.Measures, s float64) { m.Residual = towards(m.Residual, 0, s) },
		"surer":         func(m *face.Measures, s float64) { m.Confidence = *towards(&m.Confidence, 1, s) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			random, rose := rand.New(rand.NewPCG(1, 2)), 0
			for range 20_000 {
				m := anyMeasures(random)
				before := quality.Assess(m)
				better(&m, random.Float64())
				after := quality.Assess(m)
				if after.Score < before.Score-1e-12 {
					t.Fatalf("the score falls from %g to %g at %+v", before.Score, after.Score, m)
				}
				if after.Score > before.Score {
					rose++
				}
				if !(before.Score >= 0 && before.Score <= 1) {
					t.Fatalf("the score is %g", before.Score)
				}
			}
			if rose < 200 {
				t.Errorf("the score rose %d times only", rose)
			}
		})
	}
}

// What is wrong with a face is what lowers its score, and the reason given.
func TestReasons(t *testing.T) {
	t.Parallel()
	if q := quality.Assess(portraitMeasures()); q.Score < 0.99 || q.Reasons == nil || len(q.Reasons) != 0 {
		t.Errorf("a portrait: %+v", q)
	}
	for reason, spoil := range map[face.QualityReason]func(*face.Measures){
		face.FewPixels:   func(m *face.Measures) { m.Side = 30 },
		face.NoDetail:    func(m *face.Measures) { m.Sharpness = 0.19 },
		face.TooDark:     func(m *face.Measures) { m.Brightness = 0.19 },
		face.TooBright:   func(m *face.Measures) { m.Brightness = 0.81 },
		face.NoContrast:  func(m *face.Measures) { m.Contrast = 0.05 },
		face.TurnedAway:  func(m *face.Measures) { m.Yaw = new(-46.) },
		face.Misaligned:  func(m *face.Measures) { m.Residual = new(0.3) },
		face.DoubtedFace: func(m *face.Measures) { m.Confidence = 0.49 },
	} {
		m := portraitMeasures()
		spoil(&m)
		if q := quality.Assess(m); q.Score > 0.75 || !slices.Equal(q.Reasons, []face.QualityReason{reason}) {
			t.Errorf("%s: %+v", reason, q)
		}
	}
	m := portraitMeasures()
	m.Side, m.Yaw = 20, new(80.)
	if q := quality.Assess(m); !slices.Equal(q.Reasons, []face.QualityReason{face.TurnedAway, face.FewPixels}) {
		t.Errorf("the worst is not first: %v", q.Reasons)
	}
}

// What was not measured counts neither for nor against a face.
func TestUnknownParts(t *testing.T) {
	t.Parallel()
	m := portraitMeasures()
	known := quality.Assess(m).Score
	m.Yaw, m.Pitch, m.Residual, m.Confidence = nil, nil, nil, 0
	q := quality.Assess(m)
	if q.Parts.Pose != nil || q.Parts.Alignment != nil || q.Parts.Confidence != nil || math.Abs(q.Score-known) > 1e-9 {
		t.Errorf("%+v", q)
	}
	if q := quality.Assess(face.Measures{}); q.Score != 0 {
		t.Errorf("nothing at all: %+v", q)
	}
}

// OFIQ's mappings, by hand: 1/(1+e^-6) (1 - 1/(1+e^6)) at 0.5, a half at 0.2;
// sin(60v/(60v+1) pi) is sin(pi/5) for v = 1/240; cos² 30 degrees is 3/4, cos² 45 is 1/2.
func TestPartsByHand(t *testing.T) {
	t.Parallel()
	m := portraitMeasures()
	m.Side, m.Sharpness, m.Brightness, m.Contrast, m.Yaw, m.Pitch = 35.2, 0.1, 0.2, math.Sqrt(1./240), new(30.), new(-45.)
	m.Residual, m.Confidence = new(0.2), 0.8
	p := quality.Assess(m).Parts
	got := []float64{p.Size, p.Sharpness, p.Brightness, p.Contrast, *p.Pose, *p.Alignment, *p.Confidence}
	want := []float64{0.5, 0.25, 0.5, math.Sin(math.Pi / 5), 0.375, 0.75, 0.8}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-5 {
			t.Errorf("part %d: %g, want %g", i, got[i], want[i])
		}
	}
	score := 0.5 * 0.25 * math.Sqrt(0.5*want[3]) * 0.375 * 0.75 * 0.8
	if q := quality.Assess(m); math.Abs(q.Score-score) > 1e-5 {
		t.Errorf("score %g, want %g", q.Score, score)
	}
}

func ExampleAssess() {
	q := quality.Assess(face.Measures{Side: 44, Confidence: 0.9, Sharpness: 0.12, Brightness: 0.45, Contrast: 0.14})
	fmt.Printf("%.2f %v\n", q.Score, q.Reasons)
	// Output: 0.17 [blurred]
}

func BenchmarkAssess(b *testing.B) {
	m := portraitMeasures()
	for b.Loop() {
		quality.Assess(m)
	}
}
