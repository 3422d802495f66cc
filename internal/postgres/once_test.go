package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

var errBroken = errors.New("broken")

func ask(key string, sum byte) face.Request { return face.Request{Key: key, Sum: [32]byte{sum}} }

// makes is a write that is answered with the name of what it made.
func (b *bench) makes(name string) func(context.Context) (face.Response, error) {
	return func(ctx context.Context) (face.Response, error) {
		if err := b.db.CreateGallery(ctx, name); err != nil {
			return face.Response{}, err
		}
		g, err := b.db.Gallery(ctx, name)
		return face.Response{Status: 201, Header: map[string]string{"Location": "/" + g.Name}, Body: []byte(g.Name)}, err
	}
}

func TestOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i := range 3 {
		answer, again, err := b.db.Once(t.Context(), ask("k", 1), b.makes("g"))
		if err != nil || again != (i > 0) || answer.Status != 201 || string(answer.Body) != "g" || answer.Header["Location"] != "/g" {
			t.Errorf("time %d: %+v, again %t (%v)", i, answer, again, err)
		}
	}
	_, _, err := b.db.Once(t.Context(), ask("k", 2), b.makes("h"))
	b.fails(err, face.Conflict, "another request")
	if _, again, err := b.db.Once(t.Context(), face.Request{Caller: "other", Key: "k", Sum: [32]byte{2}}, b.makes("h")); again || err != nil {
		t.Errorf("another caller's: again %t (%v)", again, err)
	}
	b.exec(`UPDATE visage.idempotency SET created_at = now() - interval '25 hours'`)
	if _, again, err := b.db.Once(t.Context(), ask("k", 3), b.makes("i")); again || err != nil {
		t.Errorf("a day later: again %t (%v)", again, err)
	}
	if n := one[int](b, `SELECT count(*) FROM visage.idempotency`); n != 1 {
		t.Errorf("%d answers are kept, want the young one", n)
	}
	b.ok(b.db.ForgetAnswers(t.Context()))
	if n := one[int](b, `SELECT count(*) FROM visage.idempotency`); n != 1 {
		t.Errorf("%d answers are kept, want the young one", n)
	}
	b.exec(`UPDATE visage.idempotency SET created_at = now() - interval '25 hours'`)
	b.ok(b.db.ForgetAnswers(t.Context()))
	if n := one[int](b, `SELECT count(*) FROM visage.idempotency`); n != 0 {
		t.Errorf("%d answers are kept after a day", n)
	}
}

// A request that fails, or is cut short between its write and its answer, was not
// done, and can be sent again.
func TestOnceAllOrNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, _, err := b.db.Once(t.Context(), ask("k", 1), func(ctx context.Context) (face.Response, error) {
		b.ok(b.db.CreateGallery(ctx, "g"))
		return face.Response{}, errBroken
	})
	if !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err = b.db.Once(ctx, ask("k", 1), func(ctx context.Context) (face.Response, error) {
		answer, err := b.makes("g")(ctx)
		cancel() // as if the process had died
		return answer, err
	})
	b.fails(err, face.Cancelled)
	_, _, err = b.db.Once(t.Context(), ask("k", 1), func(ctx context.Context) (face.Response, error) {
		b.ok(b.db.CreateGallery(ctx, "g"))
		return face.Response{Status: 200, Body: []byte(strings.Repeat("x", 5<<20))}, nil
	})
	b.fails(err, face.TooLarge)
	if n := one[int](b, `SELECT (SELECT count(*) FROM visage.galleries) + (SELECT count(*) FROM visage.idempotency)`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	b.exec(`INSERT INTO visage.galleries (name) VALUES ('taken')`)
	_, _, err = b.db.Once(t.Context(), ask("k", 1), b.makes("taken"))
	b.fails(err, face.Exists)
	if _, again, err := b.db.Once(t.Context(), ask("k", 1), b.makes("g")); again || err != nil {
		t.Errorf("sent again: again %t (%v)", again, err)
	}
}

// Of many that send the same at once one does it; the others get its answer, or are
// told to wait for it.
func TestOnceAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	did := 0
	for range 8 {
		group.Go(func() {
			for {
				_, again, err := b.db.Once(t.Context(), ask("k", 1), b.makes("g"))
				if face.CodeOf(err) == face.Conflict {
					time.Sleep(time.Millisecond)
					continue
				}
				if err != nil {
					t.Error(err)
				}
				if !again {
					mu.Lock()
					did++
					mu.Unlock()
				}
				return
			}
		})
	}
	group.Wait()
	if did != 1 {
		t.Errorf("%d did it", did)
	}
}

// Work before the first write holds no connection; everything is one transaction.
func TestOnceOfSeveralWrites(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	_, _, err := b.db.Once(t.Context(), ask("k", 1), func(ctx context.Context) (face.Response, error) {
		ann, err := b.db.CreateIdentity(ctx, "g", "ann")
		b.ok(err)
		_, err = b.db.CreateIdentity(ctx, "g", "ann") // fails, and leaves the rest as it is
		b.fails(err, face.Exists)
		_, err = b.db.AddFaces(ctx, "g", ann.ID, []face.Addition{addition(1, 1, space("A", 4, true))})
		b.ok(err)
		if n := one[int](b, `SELECT count(*) FROM visage.identities`); n != 0 {
			t.Errorf("%d identities are seen by others before the end", n)
		}
		return face.Response{Status: 200}, nil
	})
	b.ok(err)
	if n := one[int](b, `SELECT count(*) FROM visage.faces`); n != 1 {
		t.Errorf("%d faces", n)
	}
}

// What is erased is in no answer that is kept, and the request that got it is not done
// again.
func TestOnceForgetsTheErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, _ := b.people()
	faces, _, err := b.db.FacePage(t.Context(), "g", bob, face.Page{Limit: 1})
	b.ok(err)
	answers := map[string]string{
		"of ann": `{"identity_id":"` + ann + `","identity":"ann"}`, "of a face": `{"faces":[{"id":"` + faces[0].ID + `"}]}`,
		"of bob": `{"id":"` + bob + `","name":"bob"}`, "of the gallery": `{"images":0,"gallery":"g"}`, "of its creation": `{"name":"g"}`,
		"of another": `{"gallery":"gg","name":"g"}`,
	}
	keep := func(key, body string) (face.Response, error) {
		answer, _, err := b.db.Once(t.Context(), ask(key, 1), func(context.Context) (face.Response, error) {
			return face.Response{Status: 201, Header: map[string]string{"Location": "/" + ann}, Body: []byte(body)}, nil
		})
		return answer, err
	}
	for key, body := range answers {
		_, err := keep(key, body)
		b.ok(err)
	}
	erased := map[string]bool{}
	for _, step := range []struct {
		erase func() error
		keys  []string
	}{
		{func() error { return b.db.DeleteIdentityByID(t.Context(), "g", ann) }, []string{"of ann"}},
		{func() error { return b.db.DeleteFace(t.Context(), faces[0].ID) }, []string{"of a face"}},
		{func() error { return b.db.DeleteIdentity(t.Context(), "g", "bob") }, []string{"of bob"}},
		{func() error { return b.db.DeleteGallery(t.Context(), "g") }, []string{"of the gallery", "of its creation"}},
	} {
		b.ok(step.erase())
		for _, key := range step.keys {
			erased[key] = true
		}
		for key, body := range answers {
			answer, err := keep(key, "done again")
			if gone := face.CodeOf(err) == face.Conflict; gone != erased[key] || !gone && string(answer.Body) != body {
				t.Errorf("after %v: the answer %s is %d %s (%v)", step.keys, key, answer.Status, answer.Body, err)
			}
		}
	}
	if n := one[int](b, `SELECT count(*) FROM visage.idempotency WHERE status = 0 AND (header <> '{}' OR body <> '')`); n != 0 {
		t.Errorf("%d answers that are not empty", n)
	}
}

// A merge that was undone is not remembered by the name of who is erased then.
func TestErasedAfterAnUndoneMerge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ann, bob, _ := b.people()
	b.undo(b.merge(ann, bob))
	b.ok(b.db.DeleteIdentityByID(t.Context(), "g", ann))
	if n := one[int](b, `SELECT count(*) FROM visage.merges`); n != 0 {
		t.Errorf("%d records of who was erased", n)
	}
}
