package postgres_test

import (
	"reflect"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// said are attributes as an ingest hands them over.
func said(years float64) map[face.Attribute]face.Estimate {
	return map[face.Attribute]face.Estimate{
		face.Age:    {Years: years, Model: "Ages"},
		face.Gender: {Dominant: "Woman", Percent: map[string]float64{"Woman": 75, "Man": 25}, Model: "Genders"},
	}
}

// What is said of a face is stored with it, is there for the twins of its photograph,
// and shown with the face. Where nobody asked there is nothing.
func TestAttributesOfFaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := space("A", 8, true)
	asked, plain := photo("/p/ann/1.jpg", "Ann", in, 1), photo("/p/ann/2.jpg", "Ann", in, 2)
	asked.Templates[0].Attributes = said(61.5)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{asked, plain}))
	ids := map[string]map[face.Attribute]face.Estimate{"/p/ann/1.jpg": said(61.5), "/p/ann/2.jpg": nil}
	for path, want := range ids {
		id := one[string](b, `SELECT f.id::text FROM visage.faces f JOIN visage.images i ON i.id = f.image_id WHERE i.path = $1`, path)
		stored, err := b.db.Face(t.Context(), id)
		b.ok(err)
		if !reflect.DeepEqual(stored.Attributes, want) {
			t.Errorf("%s: %+v, want %+v", path, stored.Attributes, want)
		}
	}
	for _, e := range []face.Enrolment{asked, plain} {
		twins, err := b.db.Twins(t.Context(), "g", in, e.Image.SHA256)
		b.ok(err)
		if len(twins) != 1 || !reflect.DeepEqual(twins[0].Templates[0].Attributes, e.Templates[0].Attributes) {
			t.Errorf("%s: twins %+v", e.Image.Path, twins)
		}
	}
	b.refused("23514", "faces_attributes_check", `UPDATE visage.faces SET attributes = '[]'`)
}

// A face that another space has already gets what is said of it now, beside what was
// said before; what is enrolled twice stays as it is.
func TestAttributesOfAFaceThatIsThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, second := photo("/p/ann/1.jpg", "Ann", space("A", 8, true), 1), photo("/p/ann/1.jpg", "Ann", space("B", 8, true), 1)
	first.Templates[0].Attributes = map[face.Attribute]face.Estimate{face.Emotion: {Dominant: "happy", Model: "Faces"}, face.Age: {Years: 20, Model: "Old"}}
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{first}))
	second.Templates[0].Attributes = said(61.5)
	for range 2 {
		b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{second}))
	}
	got := b.text(`SELECT concat_ws(' ', attributes->'age'->>'years', attributes->'gender'->>'dominant', attributes->'emotion'->>'dominant') FROM visage.faces`)
	if got != "61.5 Woman happy" {
		t.Errorf("one face with %q", got)
	}
}
