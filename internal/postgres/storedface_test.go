package postgres_test

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// addition is a photograph of n faces.
func addition(seed uint64, n int, in face.Space) face.Addition {
	a := face.Addition{SHA256: sha256.Sum256([]byte{byte(seed)}), Size: 9, Width: 640, Height: 480, Detector: "yunet"}
	for i := range n {
		a.Templates = append(a.Templates, photo("/x", "", in, seed*100+uint64(i)).Templates...)
		a.Crops = append(a.Crops, []byte{0xff, 0xd8, byte(i)})
	}
	return a
}

func (b *bench) person(name string) face.Identity {
	b.Helper()
	p, err := b.db.CreateIdentity(b.Context(), "g", name)
	b.ok(err)
	return p
}

func (b *bench) enrolFor(to face.Identity, additions ...face.Addition) []face.Added {
	b.Helper()
	added, err := b.db.AddFaces(b.Context(), "g", to.ID, additions)
	b.ok(err)
	return added
}

func TestAddFaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	s, ann := space("A", 4, true), b.person("ann")
	added := b.enrolFor(ann, addition(1, 2, s), addition(2, 1, s))
	if len(added) != 2 || len(added[0].Faces) != 2 || len(added[1].Faces) != 1 || added[0].Present {
		t.Fatalf("added %+v", added)
	}
	got := added[0].Faces[0]
	want := addition(1, 2, s).Templates[0].Detection
	if got.Box != want.Box || !reflect.DeepEqual(got.Landmarks, want.Landmarks) || *got.Identity != "ann" || *got.IdentityID != ann.ID ||
		!slices.Equal(got.Spaces, []string{s.Name()}) || got.Width != 640 || got.Detector != "yunet" || !got.Crop || got.Gallery != "g" || len(got.SHA256) != 64 {
		t.Errorf("added %+v", got)
	}
	again := b.enrolFor(ann, addition(1, 2, s))
	if !again[0].Present || again[0].Faces[0].ID != got.ID || len(again[0].Faces) != 2 {
		t.Errorf("added again %+v", again)
	}
	other := b.enrolFor(ann, addition(1, 2, space("B", 8, true)))
	if other[0].Present || len(other[0].Faces) != 2 {
		t.Errorf("in another space %+v", other)
	}
	bob := b.person("bob")
	if both := b.enrolFor(bob, addition(1, 2, s)); both[0].Present || *both[0].Faces[0].Identity != "bob" {
		t.Errorf("the same photograph for another %+v", both)
	}
	crop, err := b.db.Crop(t.Context(), got.ID)
	if err != nil || !slices.Equal(crop, []byte{0xff, 0xd8, 0}) {
		t.Errorf("crop %v (%v)", crop, err)
	}
	template, err := b.db.TemplateOf(t.Context(), got.ID, s)
	if err != nil || !slices.Equal(template.Vector, addition(1, 2, s).Templates[0].Vector) {
		t.Errorf("template %+v (%v)", template, err)
	}
	_, err = b.db.TemplateOf(t.Context(), got.ID, space("C", 4, true))
	b.fails(err, face.NotFound, "space")
}

func TestAddFacesRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	s, ann := space("A", 4, true), b.person("ann")
	wrong, zero, long := addition(1, 1, s), addition(2, 1, s), addition(3, 1, s)
	wrong.Templates[0].Vector = wrong.Templates[0].Vector[:3]
	zero.Templates[0].Vector = make([]float32, 4)
	long.Templates[0].Vector = vector(3, 4, 2)
	for code, a := range map[face.Code]face.Addition{face.Mismatch: wrong, face.Invalid: zero} {
		_, err := b.db.AddFaces(t.Context(), "g", ann.ID, []face.Addition{addition(7, 1, s), a})
		b.fails(err, code)
	}
	for _, a := range []face.Addition{long, {}} {
		_, err := b.db.AddFaces(t.Context(), "g", ann.ID, []face.Addition{addition(7, 1, s), a})
		b.fails(err, face.Invalid)
	}
	if n := one[int](b, `SELECT count(*) FROM visage.images`); n != 0 {
		t.Errorf("%d photographs are left of refused calls", n)
	}
	b.ok(b.db.DeleteIdentity(t.Context(), "g", "ann"))
	_, err := b.db.AddFaces(t.Context(), "g", ann.ID, []face.Addition{addition(1, 1, s)})
	b.fails(err, face.NotFound, ann.ID)
}

// The same photograph from many callers at once is there once.
func TestAddFacesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	s, ann := space("A", 4, true), b.person("ann")
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			if _, err := b.db.AddFaces(t.Context(), "g", ann.ID, []face.Addition{addition(1, 1, s), addition(2, 1, s)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := one[int](b, `SELECT count(*) FROM visage.faces`); n != 2 {
		t.Errorf("%d faces of 2 photographs", n)
	}
}

func TestFacePages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	s, ann := space("A", 4, true), b.person("ann")
	for i := range 5 {
		b.enrolFor(ann, addition(uint64(i+1), 1, s))
	}
	var seen []string
	page := face.Page{Limit: 2}
	for {
		part, next, err := b.db.FacePage(t.Context(), "g", ann.ID, page)
		b.ok(err)
		for _, f := range part {
			seen = append(seen, f.ID)
		}
		if next == "" {
			break
		}
		page.After = next
		b.ok(b.db.DeleteFace(t.Context(), part[len(part)-1].ID)) // that the cursor points at
	}
	if len(seen) != 5 || !slices.IsSorted(seen) {
		t.Errorf("seen %v", seen)
	}
	for _, cursor := range []string{"x", "WyJ4Il0"} {
		_, _, err := b.db.FacePage(t.Context(), "g", ann.ID, face.Page{Limit: 1, After: cursor})
		b.fails(err, face.Invalid, "cursor")
	}
}

func TestMoveAndDeleteFaces(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	s, ann := space("A", 4, true), b.person("ann")
	b.person("bob")
	group := b.enrolFor(ann, addition(1, 2, s))[0].Faces
	bob, nobody := "bob", "nobody"
	moved, err := b.db.MoveFace(t.Context(), group[0].ID, &bob)
	if err != nil || *moved.Identity != "bob" {
		t.Errorf("moved %+v (%v)", moved, err)
	}
	const images = `SELECT p.name FROM visage.images i JOIN visage.identities p ON p.id = i.identity_id`
	if got := b.text(images); got != "ann" {
		t.Errorf("the photograph of both is %q's", got)
	}
	_, err = b.db.MoveFace(t.Context(), group[1].ID, &bob)
	b.ok(err)
	if got := b.text(images); got != "bob" {
		t.Errorf("bob's photograph is %q's", got)
	}
	if moved, err = b.db.MoveFace(t.Context(), group[1].ID, nil); err != nil || moved.Identity != nil {
		t.Errorf("nobody's: %+v (%v)", moved, err)
	}
	_, err = b.db.MoveFace(t.Context(), group[0].ID, &nobody)
	b.fails(err, face.NotFound, "nobody")
	// An enrolment in another space leaves faces where they were brought.
	b.enrolFor(ann, addition(3, 1, s))
	b.ok(b.db.DeleteFace(t.Context(), group[0].ID))
	if n := one[int](b, `SELECT count(*) FROM visage.images`); n != 2 {
		t.Errorf("%d photographs, want that of the other face and ann's", n)
	}
	b.ok(b.db.DeleteFace(t.Context(), group[1].ID))
	if n := one[int](b, `SELECT (SELECT count(*) FROM visage.images) + (SELECT count(*) FROM visage.crops) + (SELECT count(*) FROM visage.embeddings)`); n != 3 {
		t.Errorf("%d rows, want ann's 3", n)
	}
	for _, id := range []string{group[0].ID, "x"} {
		b.fails(b.db.DeleteFace(t.Context(), id), face.NotFound)
		_, err := b.db.Face(t.Context(), id)
		b.fails(err, face.NotFound)
		_, err = b.db.MoveFace(t.Context(), id, nil)
		b.fails(err, face.NotFound)
		_, err = b.db.Crop(t.Context(), id)
		b.fails(err, face.NotFound)
	}
}

// A face that was moved stays where it is when its photograph is ingested into another
// space.
func TestMovedFacesOutlastTheNextIngest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, other := space("A", 4, true), space("B", 4, true)
	two := photo("/1", "ann", s, 1)
	two.Templates = append(two.Templates, photo("/1", "ann", s, 2).Templates...)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{two}))
	b.person("bob")
	bob := "bob"
	_, err := b.db.MoveFace(t.Context(), one[string](b, `SELECT id::text FROM visage.faces ORDER BY id LIMIT 1`), &bob)
	b.ok(err)
	again := photo("/1", "ann", other, 1)
	again.Templates = append(again.Templates, photo("/1", "ann", other, 2).Templates...)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{again}))
	if got := b.text(`SELECT p.name FROM visage.faces f JOIN visage.identities p ON p.id = f.identity_id ORDER BY f.id`); got != "bob\nann" {
		t.Errorf("the faces are %q's", got)
	}
}

func TestCropThatIsNotKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	a := addition(1, 1, space("A", 4, true))
	a.Crops = nil
	f := b.enrolFor(b.person("ann"), a)[0].Faces[0]
	_, err := b.db.Crop(t.Context(), f.ID)
	b.fails(err, face.NotFound, "--keep-crops")
	if f.Crop || strings.Contains(f.Image, "ann") {
		t.Errorf("face %+v", f)
	}
}
