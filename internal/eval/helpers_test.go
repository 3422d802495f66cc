package eval_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/visagedb/visage/internal/eval"
	"github.com/visagedb/visage/internal/face"
)

var plane = face.Space{
	Recognizer: "Plane",
	Weights:    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	Profile:    face.Native,
	Dim:        2,
	Unit:       true,
}

// half is a threshold at an angle of 60 degrees.
var half = face.Threshold{Metric: face.Cosine, Distance: 0.5, Source: "made for the test"}

// protractor is an Embedder whose photographs are texts: an angle in degrees
// gives the template at that angle, "code no_face" fails with that code, and
// "other 7" gives a template of another space.
type protractor struct {
	calls atomic.Int64
}

func (p *protractor) Embed(_ context.Context, data []byte, which face.Choice) (face.Photo, error) {
	p.calls.Add(1)
	if which != face.Prominent {
		return face.Photo{}, face.Errorf(face.Invalid, "asked for %s faces", which)
	}
	text := string(data)
	if code, ok := strings.CutPrefix(text, "code "); ok {
		return face.Photo{}, face.Errorf(face.Code(code), "told to fail")
	}
	if text == "nothing" {
		return face.Photo{}, nil
	}
	space := plane
	text, foreign := strings.CutPrefix(text, "other ")
	if foreign {
		space.Recognizer = "Other"
	}
	degrees, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return face.Photo{}, face.Wrap(face.Unsupported, err, "not a photograph")
	}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return face.Photo{Width: 10, Height: 10, Templates: []face.Template{{
		Space: space, Vector: []float32{float32(cos), float32(sin)},
	}}}, nil
}

// folder writes files into a new folder; the keys are slash-separated paths.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func wantCode(t *testing.T, err error, want face.Code) {
	t.Helper()
	if got := face.CodeOf(err); got != want {
		t.Errorf("code %q (%v), want %q", got, err, want)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6 }

func codes(failed []eval.Failure) map[string]face.Code {
	m := map[string]face.Code{}
	for _, f := range failed {
		m[filepath.Base(f.File)] = f.Code
	}
	return m
}
