// Package searchtest is the suite that every implementation of search.Gallery
// passes: the exact oracle as well as the database.
package searchtest

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Stock is what a store holds when the suite starts.
type Stock struct {
	Galleries  []string     // to create, in this order
	Spaces     []face.Space // to make known, in this order
	Enrolments []Enrolment  // to enrol, in this order
}

// Enrolment is one photograph's outcome and the gallery that it goes to.
type Enrolment struct {
	Gallery string
	face.Enrolment
}

// Factory puts a stock into a fresh store and returns the store. It registers
// its cleaning up with t, and fails t where it cannot.
type Factory func(t *testing.T, stock Stock) search.Gallery

// The galleries of the stock.
const (
	main  = "main"  // the fan, the strangers and the scaled ones
	other = "other" // one template, nearer to every probe than main's
	empty = "empty" // nothing
	twins = "twins" // three templates that are all the same
	crowd = "crowd" // random templates in the spaces of ordinary models
)

const detector = "suite"

// The spaces of the stock. scaled has templates of other lengths than 1, on
// which raw euclidean and cosine rank differently; idle is known and has no
// templates.
var (
	unit   = space("SuiteUnit", dim, true)
	scaled = space("SuiteScaled", dim, false)
	idle   = space("SuiteIdle", dim, true)
)

// ordinary are spaces as models have them: of length 1 and not, and of more
// dimensions than an index takes.
var ordinary = []face.Space{
	space("SuiteUnit128", 128, true), space("SuiteScaled512", 512, false), space("SuiteUnit4096", 4096, true),
}

const dim = 8

func space(name string, dim int, unit bool) face.Space {
	return face.Space{
		Recognizer: name,
		Weights:    fmt.Sprintf("%x", sha256.Sum256([]byte(name))),
		Profile:    face.Native,
		Dim:        dim,
		Unit:       unit,
	}
}

// fan are the angles, in degrees, between the suite's probe and the templates
// of main in the space unit, in the order in which they are enrolled.
var fan = []float64{40, 5, 90, 20, 150, 60, 10, 120}

// lengths and angles of main's templates in the space scaled: by angle the
// order is 0, 1, 2, by raw euclidean distance from a probe of length 1 it is
// 2, 1, 0.
var (
	scaledAngles  = []float64{10, 20, 30}
	scaledLengths = []float64{3, 2, 1}
)

// ray is a vector of the given length at an angle, in degrees, to the first
// axis.
func ray(degrees, length float64) []float32 {
	v := make([]float32, dim)
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	v[0], v[1] = float32(length*cos), float32(length*sin)
	return v
}

// crowdSize is how many templates the crowd has in each space.
const crowdSize = 12

// random is a seeded vector of the space, of a length from 1 to 10 where that
// is free.
func random(space face.Space, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, uint64(space.Dim)))
	length := 1.0
	if !space.Unit {
		length += 9 * r.Float64()
	}
	v := make([]float32, space.Dim)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	v = search.UnitLength(v)
	for i := range v {
		v[i] *= float32(length)
	}
	return v
}

// metadata is that of the fan's photographs: by turns of one kind and another,
// of the last none.
func metadata(i int) string {
	switch {
	case i == len(fan)-1:
		return ""
	case i%2 == 0:
		return fmt.Sprintf(`{"source": "badge", "floor": %d, "at": {"door": 1, "gate": null}}`, i)
	default:
		return `{"source": "door", "tags": ["in", "out", ["x"]], "n": 12345678901234567890}`
	}
}

// stock builds the suite's stock. The identities of main in the space unit are
// sample-01 and on, except for the last, which has none.
func stock() Stock {
	s := Stock{Galleries: []string{main, other, empty, twins, crowd}, Spaces: []face.Space{unit, scaled, idle}}
	for i, degrees := range fan {
		identity := fmt.Sprintf("sample-%02d", i+1)
		if i == len(fan)-1 {
			identity = ""
		}
		s.enrol(main, identity, i, unit, ray(degrees, 1))
		s.Enrolments[i].Image.Metadata = metadata(i)
	}
	for i, degrees := range scaledAngles {
		s.enrol(main, "sample-01", len(fan)+i, scaled, ray(degrees, scaledLengths[i]))
	}
	s.enrol(other, "sample-01", 0, unit, ray(1, 1))
	for i := range 3 {
		s.enrol(twins, fmt.Sprintf("sample-%02d", i+1), i, unit, ray(15, 1))
	}
	for i, space := range ordinary {
		for n := range crowdSize {
			s.enrol(crowd, fmt.Sprintf("sample-%02d", n/2), crowdSize*i+n, space, random(space, uint64(n)))
		}
	}
	return s
}

func (s *Stock) enrol(gallery, identity string, n int, space face.Space, vector []float32) {
	path := fmt.Sprintf("/photos/%s/%d.jpg", gallery, n)
	at := float32(10 * n)
	s.Enrolments = append(s.Enrolments, Enrolment{gallery, face.Enrolment{
		Image: face.Image{
			Path:     path,
			SHA256:   sha256.Sum256([]byte(path)),
			Size:     1000 + int64(n),
			ModTime:  time.Date(2024, 5, 17, 12, 0, n, 0, time.UTC),
			Identity: identity,
			Width:    640,
			Height:   480,
		},
		Space:    space,
		Detector: detector,
		Templates: []face.Template{{
			Space:  space,
			Vector: vector,
			Detection: face.Detection{
				Box:        face.Box{X1: at, Y1: at + 1, X2: at + 100, Y2: at + 121},
				Confidence: 0.9,
			},
		}},
	}})
}
