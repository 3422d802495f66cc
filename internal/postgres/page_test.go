package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// names reads all parts of the list of identities, calling between before each
// further part.
func (b *bench) names(page face.Page, between func(part int)) []string {
	b.Helper()
	var names []string
	for part := 0; ; part++ {
		found, next, err := b.db.IdentityPage(b.Context(), "g", page)
		b.ok(err)
		for _, p := range found {
			names = append(names, p.Name)
		}
		if next == "" {
			return names
		}
		between(part)
		page.After = next
	}
}

// A list has everybody once who is there from its beginning to its end, in the order
// of bytes, whatever comes and goes meanwhile.
func TestIdentityPagesStayInStep(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	var want []string
	for i := range 30 {
		name := fmt.Sprintf("p%02d", i)
		_, err := b.db.CreateIdentity(t.Context(), "g", name)
		b.ok(err)
		if i%7 != 3 {
			want = append(want, name)
		}
	}
	for _, name := range []string{"Émile", "Zoë", "a_b", "a%b", "\U0001F600"} {
		_, err := b.db.CreateIdentity(t.Context(), "g", name)
		b.ok(err)
		want = append(want, name)
	}
	slices.Sort(want)
	got := b.names(face.Page{Limit: 4}, func(part int) {
		if part == 0 {
			for i := 3; i < 30; i += 7 {
				b.ok(b.db.DeleteIdentity(t.Context(), "g", fmt.Sprintf("p%02d", i)))
			}
		}
		_, err := b.db.CreateIdentity(t.Context(), "g", fmt.Sprintf("0-new-%d", part)) // before all
		b.ok(err)
	})
	if !slices.Equal(got, want) {
		t.Errorf("listed\n%q\nwant\n%q", got, want)
	}
	for prefix, want := range map[string][]string{"a_": {"a_b"}, "p2": {"p20", "p21", "p22", "p23", "p25", "p26", "p27", "p28", "p29"}, "É": {"Émile"}, "q": nil} {
		if got := b.names(face.Page{Limit: 2, Prefix: prefix}, func(int) {}); !slices.Equal(got, want) {
			t.Errorf("prefix %q gives %q, want %q", prefix, got, want)
		}
	}
	for _, page := range []face.Page{{}, {Limit: 1001}, {Limit: 1, After: "x"}, {Limit: 1, After: "WyJhIl0"}, {Limit: 1, After: "WyJcdTAwMDAiLCJhIl0"}} {
		_, _, err := b.db.IdentityPage(t.Context(), "g", page)
		b.fails(err, face.Invalid)
	}
	_, _, err := b.db.IdentityPage(t.Context(), "no", face.Page{Limit: 1})
	b.fails(err, face.NotFound, "there is g")
}

// The index serves the list, its prefixes and its cursors.
func TestIdentityPagesUseTheIndex(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	b.exec(`INSERT INTO visage.identities (gallery_id, name) SELECT g.id, 'person ' || n FROM visage.galleries g, generate_series(1, 20000) n`)
	b.exec(`ANALYZE visage.identities`)
	plan := b.text(`EXPLAIN SELECT p.name FROM visage.identities p WHERE p.gallery_id = (SELECT id FROM visage.galleries)
		AND (p.name COLLATE "C", p.id::text) > ('person 5', '') AND starts_with(p.name COLLATE "C", 'person 5')
		ORDER BY p.name COLLATE "C", p.id LIMIT 10`)
	if !strings.Contains(plan, "identities_listing_idx") || strings.Contains(plan, "Sort") {
		t.Errorf("the plan is\n%s", plan)
	}
}

func TestGalleryPages(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, name := range []string{"b", "a", "c", "ab"} {
		b.ok(b.db.CreateGallery(t.Context(), name))
	}
	first, next, err := b.db.GalleryPage(t.Context(), face.Page{Limit: 3})
	if err != nil || len(first) != 3 || first[0].Name != "a" || first[1].Name != "ab" || next == "" {
		t.Fatalf("%+v, then %q (%v)", first, next, err)
	}
	last, next, err := b.db.GalleryPage(t.Context(), face.Page{Limit: 3, After: next})
	if err != nil || len(last) != 1 || last[0].Name != "c" || next != "" {
		t.Errorf("%+v, then %q (%v)", last, next, err)
	}
	some, _, err := b.db.GalleryPage(t.Context(), face.Page{Limit: 3, Prefix: "a"})
	if err != nil || len(some) != 2 {
		t.Errorf("with a: %+v (%v)", some, err)
	}
	one, err := b.db.Gallery(t.Context(), "ab")
	if err != nil || one.Name != "ab" {
		t.Errorf("%+v (%v)", one, err)
	}
	_, err = b.db.Gallery(t.Context(), "no")
	b.fails(err, face.NotFound)
}

func TestIdentitiesByID(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	ann, err := b.db.CreateIdentity(t.Context(), "g", "ann")
	b.ok(err)
	_, err = b.db.CreateIdentity(t.Context(), "g", "bob")
	b.ok(err)
	_, err = b.db.CreateIdentity(t.Context(), "g", "ann")
	b.fails(err, face.Exists, `"ann"`)
	_, err = b.db.CreateIdentity(t.Context(), "g", strings.Repeat("x", 1025))
	b.fails(err, face.Invalid)
	b.fails(b.db.RenameIdentityByID(t.Context(), "g", ann.ID, "bob"), face.Exists, "merge")
	b.ok(b.db.RenameIdentityByID(t.Context(), "g", ann.ID, "anna"))
	got, err := b.db.IdentityByID(t.Context(), "g", ann.ID)
	if err != nil || got.Name != "anna" {
		t.Errorf("%+v (%v)", got, err)
	}
	b.ok(b.db.DeleteIdentityByID(t.Context(), "g", ann.ID))
	for _, id := range []string{ann.ID, "x", "'; DROP TABLE visage.identities; --", "\x00", strings.Repeat("a", 36)} {
		_, err := b.db.IdentityByID(t.Context(), "g", id)
		b.fails(err, face.NotFound)
		b.fails(b.db.RenameIdentityByID(t.Context(), "g", id, "y"), face.NotFound)
		b.fails(b.db.DeleteIdentityByID(t.Context(), "g", id), face.NotFound)
	}
}

// Of many that create the same, one does.
func TestCreateAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	var group sync.WaitGroup
	made := make([]bool, 8)
	for i := range made {
		group.Go(func() {
			_, err := b.db.CreateIdentity(t.Context(), "g", "ann")
			if made[i] = err == nil; !made[i] && face.CodeOf(err) != face.Exists {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := len(slices.DeleteFunc(made, func(ok bool) bool { return !ok })); n != 1 {
		t.Errorf("%d of 8 made it", n)
	}
}
