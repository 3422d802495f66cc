package searchtest

import (
	"fmt"
	"math"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// agreement checks that Find through the gallery and Verify give the same
// distance, decision and confidence for the same two faces, though Find has one
// of them from the store.
func (s suite) agreement(t *testing.T) {
	for _, space := range ordinary {
		for _, metric := range []face.Metric{face.Cosine, face.Euclidean, face.EuclideanL2, face.Angular} {
			t.Run(fmt.Sprintf("%s by %s", space.Recognizer, metric), func(t *testing.T) {
				ways(t, func(t *testing.T, exact bool) {
					for _, seed := range []uint64{3, 1001, 1002} { // the first is enrolled
						s.agree(t, face.Template{Space: space, Vector: random(space, seed)}, search.FindOptions{
							Gallery: crowd, K: 2 * crowdSize, Metric: metric, Exact: exact,
						})
					}
				})
			})
		}
	}
}

// agree compares the two for one probe and all of the crowd. The threshold is
// the distance of one of them, so that the decision on it hangs on the last bit.
func (s suite) agree(t *testing.T, probe face.Template, opts search.FindOptions) {
	t.Helper()
	at, err := search.Distance(opts.Metric, probe.Vector, random(probe.Space, 7))
	if err != nil {
		t.Fatal(err)
	}
	opts.Threshold = face.Threshold{Metric: opts.Metric, Distance: at, Source: "the suite"}
	searcher, err := search.NewSearcher(search.Config{Gallery: s.gallery})
	if err != nil {
		t.Fatal(err)
	}
	found, err := searcher.Find(t.Context(), []face.Template{probe}, opts)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(found.Results[0]); got != crowdSize {
		t.Errorf("%d candidates, want all %d", got, crowdSize)
	}
	for _, m := range found.Results[0] {
		verified, err := search.Verify(given(probe), given(s.enrolled(t, probe.Space, m.Image)), search.VerifyOptions{
			Metric: opts.Metric, Threshold: opts.Threshold,
		})
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(m.Distance-verified.Distance) > tolerance || m.Confidence != verified.Confidence ||
			(m.Distance <= m.Threshold) != verified.Verified || m.Threshold != verified.Threshold {
			t.Errorf("%s: find says %.9g of %.9g, confidence %g; verify %.9g of %.9g, confidence %g, verified %t", m.Image,
				m.Distance, m.Threshold, m.Confidence, verified.Distance, verified.Threshold, verified.Confidence, verified.Verified)
		}
	}
}

// enrolled is the template of the crowd that was enrolled from a photograph.
func (s suite) enrolled(t *testing.T, space face.Space, image string) face.Template {
	t.Helper()
	for _, e := range s.stock.Enrolments {
		if e.Gallery == crowd && e.Space == space && e.Image.Path == image {
			return e.Templates[0]
		}
	}
	t.Fatalf("photograph %q was not enrolled", image)
	return face.Template{}
}

func given(template face.Template) face.Photo {
	return face.Photo{Templates: []face.Template{template}}
}
