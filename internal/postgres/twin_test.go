package postgres_test

import (
	"reflect"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/internal/face"
)

func TestTwins(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, other := space("A", 8, true), space("B", 8, true)
	first, second := photo("/1", "ann", s, 1), photo("/2", "", s, 1)
	more := photo("/2", "", s, 9).Templates[0]
	more.Detection.Landmarks = nil
	more.Detection.Confidence = 0.5
	second.Templates = append(second.Templates, more)
	refused := rejected("/3", s, 1, "opencv")
	refused.Detail = ""
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{first}))
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{second, photo("/4", "ann", s, 2), photo("/5", "ann", other, 1)}))
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{refused}))
	twins, err := b.db.Twins(t.Context(), "g", s, first.Image.SHA256)
	b.ok(err)
	for i := range twins {
		twins[i].Image.ModTime = twins[i].Image.ModTime.UTC()
	}
	if want := []face.Enrolment{first, second, refused}; !reflect.DeepEqual(twins, want) {
		t.Errorf("twins\n%+v\nwant\n%+v", twins, want)
	}
	for _, gallery := range []string{"nowhere", "other"} {
		if twins, err := b.db.Twins(t.Context(), gallery, s, first.Image.SHA256); err != nil || len(twins) != 0 {
			t.Errorf("gallery %s: %v (%v)", gallery, twins, err)
		}
	}
}

func TestMove(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	batch := []face.Enrolment{photo("/ann/1", "ann", s, 1), photo("/ann/2", "ann", s, 2), photo("/ann/3", "ann", s, 3), photo("/ann/4", "ann", s, 4), photo("/5", "", s, 5)}
	b.ok(b.db.Enrol(t.Context(), "g", batch))
	b.ok(b.db.RenameIdentity(t.Context(), "g", "ann", "Ann Smith"))
	moves := []face.Move{
		{From: "/ann/1", To: batch[0].Image, Keep: true},
		{From: "/ann/2", To: batch[1].Image},
		{From: "/ann/3", To: batch[2].Image},
		{From: "/ann/4", To: batch[4].Image},
		{From: "/5", To: batch[4].Image},
		{From: "/unknown", To: batch[4].Image},
	}
	moves[0].To.Path, moves[0].To.Identity = "/ann/\xff", "ann"
	moves[1].To.Path, moves[1].To.Identity = "/eve/2", "eve"
	moves[2].To.SHA256[0]++
	moves[2].To.Path = "/eve/3"
	moves[4].To.Path = "/ann/4" // which is there
	moves[5].To.Path = "/eve/5"
	ids := b.text(`SELECT id::text FROM visage.faces ORDER BY id`)
	done, err := b.db.Move(t.Context(), "g", moves)
	b.ok(err)
	if want := []bool{true, true, false, false, false, false}; !reflect.DeepEqual(done, want) {
		t.Errorf("moved %v, want %v", done, want)
	}
	if got, want := b.enrolled(s), "/5 5 yunet\n/ann/3 Ann Smith 3 yunet\n/ann/4 Ann Smith 4 yunet\n/ann/\\xff Ann Smith 1 yunet\n/eve/2 eve 2 yunet"; got != want {
		t.Errorf("enrolled\n%s\nwant\n%s", got, want)
	}
	if got := b.text(`SELECT id::text FROM visage.faces ORDER BY id`); got != ids {
		t.Error("the faces are not those they were")
	}
	if again, err := b.db.Move(t.Context(), "g", moves); err != nil || again[0] || again[1] {
		t.Errorf("again: %v (%v)", again, err)
	}
}

// TestMoveAgainstEnrol lets photographs be moved and enrolled to one path at
// once: neither fails, and the path has one row.
func TestMoveAgainstEnrol(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	for range 10 {
		from, to := photo("/from", "ann", s, 1), photo("/to", "ann", s, 1)
		b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{from}))
		var both errgroup.Group
		both.Go(func() error { return b.db.Enrol(t.Context(), "g", []face.Enrolment{to}) })
		both.Go(func() error {
			_, err := b.db.Move(t.Context(), "g", []face.Move{{From: "/from", To: to.Image, Keep: true}})
			return err
		})
		b.ok(both.Wait())
		if got := b.text(`SELECT image FROM visage.gallery_faces WHERE image = '/to'`); got != "/to" {
			t.Errorf("at /to is %q", got)
		}
		_, err := b.db.Forget(t.Context(), "g", []string{"/from", "/to"})
		b.ok(err)
	}
}
