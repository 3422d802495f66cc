package postgres_test

import (
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres/pgtest"
	"github.com/visagedb/visage/search"
	"github.com/visagedb/visage/search/searchtest"
)

// TestGalleryPort holds the database to what every search.Gallery does.
func TestGalleryPort(t *testing.T) {
	t.Parallel()
	searchtest.Gallery(t, func(t *testing.T, stock searchtest.Stock) search.Gallery {
		db := pgtest.New(t)
		for _, name := range stock.Galleries {
			if err := db.CreateGallery(t.Context(), name); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range stock.Spaces {
			if err := db.EnsureSpace(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		for _, e := range stock.Enrolments {
			if err := db.Enrol(t.Context(), e.Gallery, []face.Enrolment{e.Enrolment}); err != nil {
				t.Fatal(err)
			}
		}
		return db
	})
}
