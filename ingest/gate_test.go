package ingest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// seen is a face in the middle of a photograph of 1000x1000 pixels.
func seen(side, confidence, residual, sharpness float64) face.Template {
	half := float32(side / 2)
	return face.Template{
		Detection: face.Detection{Box: face.Box{X1: 500 - half, Y1: 500 - half, X2: 500 + half, Y2: 500 + half}},
		Measures:  face.Measures{Side: side, Confidence: confidence, Residual: &residual, Sharpness: sharpness},
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	gates := Gates{MinSide: 24, MinConfidence: 0.7, MinSharpness: 0.2, MaxResidual: 0.4}
	unaligned := seen(24, 0.7, 0, 0.2)
	unaligned.Measures.Residual = nil
	live, fake, unsaid := seen(99, 1, 0, 0.5), seen(99, 1, 0, 0.5), seen(99, 1, 0, 0.5)
	live.Measures.Liveness, fake.Measures.Liveness = &face.Liveness{Real: true, Score: 0.8}, &face.Liveness{Score: 0.25}
	doubtful := seen(99, 0.9, 0.1, 0.5)
	doubtful.Measures.Quality = face.Quality{Score: 0.29, Reasons: []face.QualityReason{face.TooDark, face.TurnedAway}}
	for name, c := range map[string]struct {
		gates Gates
		of    face.Template
		want  face.Code
		says  string
	}{
		"live":              {Gates{Live: true}, live, "", ""},
		"a picture":         {Gates{Live: true}, fake, face.Spoof, "0.250"},
		"not looked at":     {Gates{Live: true}, unsaid, face.Spoof, "nobody"},
		"nobody asked":      {Gates{}, fake, "", ""},
		"at every limit":    {gates, seen(24, 0.7, 0.4, 0.2), "", ""},
		"too small":         {gates, seen(23.9, 0.9, 0.1, 0.5), face.TooSmall, "24"},
		"in doubt":          {gates, seen(99, 0.699, 0.1, 0.5), face.LowConfidence, "0.699"},
		"turned away":       {gates, seen(99, 0.9, 0.41, 0.5), face.BadAlignment, "0.410"},
		"blurred":           {gates, seen(99, 0.9, 0.1, 0.19), face.Blurred, "0.1900"},
		"small and blurred": {gates, seen(9, 0.1, 0.9, 0), face.TooSmall, "9 pixels"},
		"not aligned":       {gates, unaligned, "", ""},
		"of low quality":    {Gates{MinQuality: 0.3}, doubtful, face.LowQuality, "0.290 (dark, turned), the least is 0.3"},
		"of that quality":   {Gates{MinQuality: 0.29}, doubtful, "", ""},
		"of none":           {Gates{MinQuality: 0.1}, seen(99, 0.9, 0.1, 0.5), face.LowQuality, "nothing much"},
		"no gates":          {Gates{}, seen(1, 0, 9, 0), "", ""},
		"the defaults":      {DefaultGates(), seen(64, 0.5, 0.17, 0.44), "", ""},
	} {
		why := c.gates.judge(c.of)
		switch {
		case why == nil && c.want != "":
			t.Errorf("%s: passes, want %s", name, c.want)
		case why != nil && (why.reason != c.want || !strings.Contains(why.message, c.says)):
			t.Errorf("%s: %s, %q; want %q with %q", name, why.reason, why.message, c.want, c.says)
		}
	}
}

func TestWhichFacesAreEnrolled(t *testing.T) {
	t.Parallel()
	large, small, blurred := seen(300, 1, 0, 0.5), seen(50, 1, 0, 0.5), seen(200, 1, 0, 0.1)
	foremost := seen(400, 1, 0, 0.1) // and blurred
	for i, c := range []struct {
		policy   Faces
		identity string
		faces    []face.Template
		passed   []face.Template
		failed   []face.Code
	}{
		{Largest, "ann", []face.Template{large}, []face.Template{large}, nil},
		{Largest, "ann", []face.Template{blurred}, nil, []face.Code{face.Blurred}},
		{All, "ann", []face.Template{small, blurred, large}, []face.Template{small, large}, []face.Code{face.Blurred}},
		{All, "ann", []face.Template{seen(9, 1, 0, 0.5), foremost}, nil, []face.Code{face.Blurred, face.TooSmall}},
		{Reject, "ann", []face.Template{small, large}, nil, []face.Code{face.SeveralFaces}},
		{Reject, "ann", []face.Template{blurred, large}, []face.Template{large}, []face.Code{face.Blurred}},
		{Reject, "ann", []face.Template{small, foremost}, nil, []face.Code{face.Blurred}},
		{Reject, "", []face.Template{small, large, blurred}, []face.Template{small, large}, []face.Code{face.Blurred}},
	} {
		gates := Gates{MinSide: 24, MinSharpness: 0.2, Faces: c.policy}
		passed, failed := gates.sort(face.Photo{Width: 1000, Height: 1000, Templates: c.faces}, c.identity)
		var codes []face.Code
		for _, f := range failed {
			codes = append(codes, f.reason)
		}
		if !reflect.DeepEqual(passed, c.passed) || !reflect.DeepEqual(codes, c.failed) {
			t.Errorf("%d: %s enrols %d faces, fails %v; want %d and %v", i, c.policy, len(passed), codes, len(c.passed), c.failed)
		}
	}
}

// A rejection stands until what it depends on changes.
func TestWhatRejectionsDependOn(t *testing.T) {
	t.Parallel()
	was := Config{Detector: "scrfd", Gates: DefaultGates()}
	if got := was.Gates.String(); got != "+side24+sharpness0.08+residual0.4" {
		t.Errorf("gates are known as %s", got)
	}
	differing := map[string]Config{}
	for i, change := range []func(*Config){
		func(c *Config) { c.Gates.MinSide = 20 }, func(c *Config) { c.Gates.MinConfidence = 0.6 },
		func(c *Config) { c.Gates.MinSharpness = 0 }, func(c *Config) { c.Gates.MaxResidual = 1 },
		func(c *Config) { c.Gates.Faces = All }, func(c *Config) { c.Gates.Live = true }, func(c *Config) { c.Gates.MinQuality = 0.3 },
	} {
		now := was
		change(&now)
		differing[fmt.Sprint(i)] = now
	}
	for _, code := range []face.Code{face.TooSmall, face.LowConfidence, face.Blurred, face.BadAlignment, face.SeveralFaces, face.Spoof, face.NoFace, face.Undecodable} {
		entry := face.LedgerEntry{Rejected: code, Detector: was.triedWith(code)}
		if !stands(entry, was) {
			t.Errorf("%s does not stand for the same gates", code)
		}
		holds := code == face.NoFace || code == face.Undecodable
		for i, now := range differing {
			if stands(entry, now) != holds {
				t.Errorf("%s by other gates (%s): stands %v, want %v", code, i, !holds, holds)
			}
		}
	}
	if !stands(face.LedgerEntry{Detector: "yunet"}, differing["0"]) {
		t.Error("what is enrolled does not stand")
	}
}

func TestPick(t *testing.T) {
	t.Parallel()
	at := func(x, side float32) face.Template {
		return face.Template{
			Detection: face.Detection{Box: face.Box{X1: x, Y1: 0, X2: x + side, Y2: side}},
			Measures:  face.Measures{Side: float64(side), Sharpness: 0.5},
		}
	}
	two := face.Photo{Width: 200, Height: 100, Templates: []face.Template{at(0, 30), at(80, 90), at(180, 10)}}
	for name, c := range map[string]struct {
		gates Gates
		want  int
		left  int
		why   face.Code
	}{
		"the largest":          {Gates{MinSide: 20, Faces: Largest}, 1, 0, ""},
		"a largest that fails": {Gates{MinSide: 95, Faces: Largest}, 0, 0, face.TooSmall},
		"all that pass":        {Gates{MinSide: 20, Faces: All}, 2, 1, ""},
		"more than one":        {Gates{MinSide: 20, Faces: Reject}, 0, 0, face.SeveralFaces},
		"one that passes":      {Gates{MinSide: 50, Faces: Reject}, 1, 2, ""},
	} {
		got, left, err := c.gates.Pick(two)
		if len(got) != c.want || len(left) != c.left || face.CodeOf(err) != c.why {
			t.Errorf("%s: %d faces (%v), %d left out, want %d, %q and %d", name, len(got), err, len(left), c.want, c.why, c.left)
		}
		if c.left == 1 && (left[0].Code != face.TooSmall || left[0].Message == "" || left[0].Template.Measures.Side != 10) {
			t.Errorf("%s: left out %+v", name, left[0])
		}
		if c.want == 1 && got[0].Measures.Side != 90 {
			t.Errorf("%s: a face of %g pixels", name, got[0].Measures.Side)
		}
	}
}
