package search_test

import (
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
	"github.com/visagedb/visage/search/searchtest"
)

func TestExact(t *testing.T) {
	t.Parallel()
	searchtest.Gallery(t, func(t *testing.T, stock searchtest.Stock) search.Gallery {
		t.Helper()
		store := search.NewExact()
		for _, name := range stock.Galleries {
			store.AddGallery(name)
		}
		for _, space := range stock.Spaces {
			store.AddSpace(space)
		}
		for _, e := range stock.Enrolments {
			if err := store.Enrol(e.Gallery, e.Enrolment); err != nil {
				t.Fatal(err)
			}
		}
		return store
	})
}

func TestExactRefusesToEnrol(t *testing.T) {
	t.Parallel()
	other := plane
	other.Recognizer = "Other"
	for name, c := range map[string]struct {
		template face.Template
		want     face.Code
	}{
		"another space":   {face.Template{Space: other, Vector: []float32{1, 0}}, face.Mismatch},
		"wrong dimension": {face.Template{Space: plane, Vector: []float32{1, 0, 0}}, face.Mismatch},
		"zero":            {face.Template{Space: plane, Vector: []float32{0, 0}}, face.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := search.NewExact()
			store.AddGallery("g")
			store.AddSpace(plane)
			good := at(10)
			err := store.Enrol("g", face.Enrolment{Space: plane, Templates: []face.Template{good, c.template}})
			if got := face.CodeOf(err); got != c.want {
				t.Errorf("code %q (%v), want %q", got, err, c.want)
			}
			found, _, err := store.Nearest(t.Context(), face.Query{
				Gallery: "g", Space: plane, Probe: good.Vector, Metric: face.Cosine, Limit: 1,
			})
			if err != nil || len(found) != 0 {
				t.Errorf("after the refusal the gallery holds %v (%v), want nothing", found, err)
			}
		})
	}
}
