package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Find and Verify give the same distance, decision and confidence for the same
// two faces, in all metrics: random templates of 1 to 4,096 dimensions, of
// length 1 and of others, each a threshold to the rest. The suite searchtest
// holds the database to the same.
func TestFindAgreesWithVerifyInAllDimensions(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(21, 22))
	for round := range 40 {
		space := face.Space{Recognizer: "Any", Weights: fmt.Sprintf("%064x", round), Profile: face.Native, Unit: round%2 == 0}
		switch round {
		case 0, 1:
			space.Dim = 1
		case 2, 3:
			space.Dim = 4096
		default:
			space.Dim = int(math.Exp2(12 * r.Float64())) // small ones as often as large ones
		}
		pick := random
		if space.Unit {
			pick = unitRandom
		}
		store := search.NewExact()
		templates := map[string]face.Template{}
		for i := range 6 {
			path := fmt.Sprint(i)
			templates[path] = face.Template{Space: space, Vector: pick(r, space.Dim)}
			photo := face.Enrolment{Image: face.Image{Path: path}, Space: space, Templates: []face.Template{templates[path]}}
			if err := store.Enrol(face.DefaultGallery, photo); err != nil {
				t.Fatal(err)
			}
		}
		searcher, err := search.NewSearcher(search.Config{Gallery: store})
		if err != nil {
			t.Fatal(err)
		}
		for _, probe := range []face.Template{templates["0"], {Space: space, Vector: pick(r, space.Dim)}} {
			for _, metric := range metrics {
				limit := face.Threshold{Metric: metric, Distance: distance(t, metric, probe.Vector, templates["3"].Vector)}
				found, err := searcher.Find(t.Context(), []face.Template{probe}, search.FindOptions{Metric: metric, Threshold: limit})
				if err != nil || len(found.Results[0]) != 6 {
					t.Fatalf("%d candidates (%v), want 6", len(found.Results[0]), err)
				}
				for _, m := range found.Results[0] {
					verified, err := search.Verify(photo(templates[m.Image]), photo(probe), search.VerifyOptions{Metric: metric, Threshold: limit})
					if err != nil {
						t.Fatal(err)
					}
					if !near(m.Distance, verified.Distance, 1e-6) || m.Confidence != verified.Confidence ||
						(m.Distance <= m.Threshold) != verified.Verified || m.Threshold != verified.Threshold {
						t.Errorf("%s in %d dimensions: find %+v, verify %+v", metric, space.Dim, m, verified)
					}
				}
			}
		}
	}
}
