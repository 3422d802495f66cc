package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// plane is a space of two dimensions, where the cosine distance of two
// templates is 1 - cos of the angle between them.
var plane = face.Space{
	Recognizer: "Plane",
	Weights:    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
	Profile:    face.Native,
	Dim:        2,
	Unit:       true,
}

// at is a template of plane at an angle, in degrees, to the first axis.
func at(degrees float64) face.Template {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	return face.Template{
		Space:     plane,
		Vector:    []float32{float32(cos), float32(sin)},
		Detection: face.Detection{Box: face.Box{X1: 10, Y1: 20, X2: 110, Y2: 140}, Confidence: 0.9},
	}
}

// half is a threshold at an angle of 60 degrees.
var half = face.Threshold{Metric: face.Cosine, Distance: 0.5, Source: "made for the test"}

// enrolled is a face at an angle; photographs are numbered in the order given.
type enrolled struct {
	identity string
	degrees  float64
}

// gallery enrols faces in the default gallery and returns a searcher on it.
func gallery(t testing.TB, faces ...enrolled) *search.Searcher {
	t.Helper()
	store := search.NewExact()
	store.AddGallery(face.DefaultGallery)
	store.AddSpace(plane)
	for i, f := range faces {
		err := store.Enrol(face.DefaultGallery, face.Enrolment{
			Image:     face.Image{Path: fmt.Sprintf("%d.jpg", i), Identity: f.identity},
			Space:     plane,
			Templates: []face.Template{at(f.degrees)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	searcher, err := search.NewSearcher(search.Config{Gallery: store})
	if err != nil {
		t.Fatal(err)
	}
	return searcher
}

// random returns a vector of normally distributed components.
func random(r *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

// unitRandom returns a random vector of length 1.
func unitRandom(r *rand.Rand, dim int) []float32 {
	v := random(r, dim)
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(square))
	}
	return v
}

func wantCode(t *testing.T, err error, want face.Code) {
	t.Helper()
	if got := face.CodeOf(err); got != want {
		t.Errorf("code %q (%v), want %q", got, err, want)
	}
}

func near(a, b, within float64) bool { return math.Abs(a-b) <= within }
