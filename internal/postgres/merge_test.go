package postgres_test

import (
	"sync"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

const (
	whose = `
		SELECT i.path || ' ' || coalesce(p.name, '-') || ' ' || coalesce(q.name, '-')
		FROM visage.images i LEFT JOIN visage.identities p ON p.id = i.identity_id
		LEFT JOIN visage.faces f ON f.image_id = i.id LEFT JOIN visage.identities q ON q.id = f.identity_id ORDER BY 1`
	mergeRows = `SELECT (SELECT count(*) FROM visage.merges) + (SELECT count(*) FROM visage.merge_images) + (SELECT count(*) FROM visage.merge_faces)`
)

// people enrols three, with a photograph or two, and returns their ids.
func (b *bench) people() (ann, bob, cem string) {
	b.Helper()
	s := space("A", 4, true)
	b.ok(b.db.Enrol(b.Context(), "g", []face.Enrolment{
		photo("/a1", "ann", s, 1), photo("/a2", "ann", s, 2), photo("/b1", "bob", s, 3), photo("/c1", "cem", s, 4),
	}))
	return b.id("ann"), b.id("bob"), b.id("cem")
}

func (b *bench) id(name string) string {
	b.Helper()
	p, err := b.db.Identity(b.Context(), "g", name)
	b.ok(err)
	return p.ID
}

func (b *bench) merge(from, into string) face.Merge {
	b.Helper()
	m, err := b.db.Merge(b.Context(), "g", from, into)
	b.ok(err)
	return m
}

func (b *bench) undo(m face.Merge) {
	b.Helper()
	undone, err := b.db.UndoMerge(b.Context(), m.ID)
	b.ok(err)
	if undone.UndoneAt == nil {
		b.Errorf("undone: %+v", undone)
	}
}

func TestMergeAndUndo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, _ := b.people()
	before := b.contents()
	m := b.merge(ann, bob)
	if m.From != "ann" || m.FromID != ann || m.Into != "bob" || m.IntoID != bob || m.Images != 2 || m.Faces != 2 || m.Gallery != "g" || m.UndoneAt != nil {
		t.Errorf("merged: %+v", m)
	}
	if got := b.text(whose); got != "/a1 bob bob\n/a2 bob bob\n/b1 bob bob\n/c1 cem cem" {
		t.Errorf("merged\n%s", got)
	}
	b.undo(m)
	if got := b.contents(); got != before || b.id("ann") != ann {
		t.Errorf("undone\n%s\nwant\n%s", got, before)
	}
	_, err := b.db.UndoMerge(t.Context(), m.ID)
	b.fails(err, face.Conflict, "was undone at")

	_, err = b.db.Merge(t.Context(), "g", ann, ann)
	b.fails(err, face.Invalid)
	_, err = b.db.Merge(t.Context(), "g", ann, m.ID)
	b.fails(err, face.NotFound, m.ID)
	_, err = b.db.Merge(t.Context(), "g", m.ID, ann)
	b.fails(err, face.NotFound, m.ID)
	for _, id := range []string{"x", ann} {
		_, err = b.db.UndoMerge(t.Context(), id)
		b.fails(err, face.NotFound)
		_, err = b.db.MergeByID(t.Context(), id)
		b.fails(err, face.NotFound)
	}
}

// Two merges in a row come undone in either order.
func TestUndoAChain(t *testing.T) {
	t.Parallel()
	for _, firstFirst := range []bool{true, false} {
		b := setup(t)
		ann, bob, cem := b.people()
		before := b.contents()
		first := b.merge(ann, bob)
		second := b.merge(bob, cem)
		if again, err := b.db.MergeByID(t.Context(), first.ID); err != nil || again.Into != "cem" {
			t.Errorf("carried along: %+v (%v)", again, err)
		}
		if firstFirst {
			b.undo(first)
			if got := b.text(whose); got != "/a1 ann ann\n/a2 ann ann\n/b1 cem cem\n/c1 cem cem" {
				t.Errorf("the first undone\n%s", got)
			}
			b.undo(second)
		} else {
			b.undo(second)
			b.undo(first)
		}
		if got := b.contents(); got != before {
			t.Errorf("first first %t: undone\n%s\nwant\n%s", firstFirst, got, before)
		}
	}
}

// What was moved, erased or enrolled since the merge is respected.
func TestUndoAfterChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, _ := b.people()
	m := b.merge(ann, bob)
	faceOf := func(path string) string {
		return one[string](b, `SELECT f.id::text FROM visage.faces f JOIN visage.images i ON i.id = f.image_id WHERE i.path = $1`, path)
	}
	cem := "cem"
	_, err := b.db.MoveFace(t.Context(), faceOf("/a1"), &cem)
	b.ok(err)
	s := space("B", 8, true)
	other := photo("/a2", "ann", s, 2)
	other.Detector = "another" // and so another face, of bob's by now
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{other, photo("/b2", "bob", s, 9)}))
	b.undo(m)
	if got := b.text(whose); got != "/a1 cem cem\n/a2 ann ann\n/a2 ann ann\n/b1 bob bob\n/b2 bob bob\n/c1 cem cem" {
		t.Errorf("undone\n%s", got)
	}
}

func TestUndoThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, cem := b.people()
	m := b.merge(ann, bob)
	_, err := b.db.CreateIdentity(t.Context(), "g", "ann")
	b.ok(err)
	_, err = b.db.UndoMerge(t.Context(), m.ID)
	b.fails(err, face.Conflict, `another identity "ann"`)
	b.ok(b.db.DeleteIdentity(t.Context(), "g", "ann"))
	for _, path := range []string{"/a1", "/a2"} {
		b.ok(b.db.DeleteFace(t.Context(), one[string](b, `SELECT f.id::text FROM visage.faces f JOIN visage.images i ON i.id = f.image_id WHERE i.path = $1`, path)))
	}
	_, err = b.db.UndoMerge(t.Context(), m.ID)
	b.fails(err, face.Conflict, "erased or moved")
	if got := b.text(`SELECT name FROM visage.identities ORDER BY 1`); got != "bob\ncem" {
		t.Errorf("after a refused undo there are %q", got)
	}
	b.merge(bob, cem)
	b.ok(b.db.DeleteIdentityByID(t.Context(), "g", cem))
	if n := one[int](b, mergeRows); n != 0 {
		t.Errorf("%d rows remember who was erased", n)
	}
	_, err = b.db.UndoMerge(t.Context(), m.ID)
	b.fails(err, face.NotFound, "erased")
}

// An identity without photographs can be merged and come back too.
func TestMergeOfNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, bob, _ := b.people()
	dan, err := b.db.CreateIdentity(t.Context(), "g", "dan")
	b.ok(err)
	b.undo(b.merge(dan.ID, bob))
	if b.id("dan") != dan.ID {
		t.Error("another dan came back")
	}
	b.ok(b.mergedBy("dan", "bob"))
	if n := one[int](b, `SELECT count(*) FROM visage.merges`); n != 2 {
		t.Errorf("%d merges are recorded", n)
	}
}

// Merges, undos and enrolments at once end in one of the states that they could have
// had one after the other.
func TestMergesAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, cem := b.people()
	var group sync.WaitGroup
	for _, pair := range [][2]string{{ann, bob}, {bob, cem}, {cem, ann}} {
		group.Go(func() {
			for range 5 {
				m, err := b.db.Merge(t.Context(), "g", pair[0], pair[1])
				if err == nil {
					_, err = b.db.UndoMerge(t.Context(), m.ID)
				}
				if code := face.CodeOf(err); err != nil && code != face.NotFound && code != face.Conflict && code != face.Unavailable {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	const strays = `
		SELECT count(*) FROM visage.images i JOIN visage.faces f ON f.image_id = i.id
		WHERE i.identity_id IS NULL OR f.identity_id IS NULL OR i.identity_id <> f.identity_id`
	if n, all := one[int](b, strays), one[int](b, `SELECT count(*) FROM visage.images`); n != 0 || all != 4 {
		t.Errorf("%d of %d photographs are not their faces'", n, all)
	}
}

// mergedBy merges two people of the gallery g.
func (b *bench) mergedBy(from, into string) error {
	_, err := b.db.MergeIdentities(b.Context(), "g", from, into)
	return err
}
