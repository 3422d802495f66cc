package postgres_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// What stands when a copy is begun is in it, and what is done then; transactions that
// were rolled back are not.
func TestFollowTellsOfEverything(t *testing.T) {
	t.Parallel()
	b := setup(t)
	one, two := space("A", 8, true), space("B", 16, false)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(60, one, 0)))
	f := b.followNew()
	f.same()
	for what, do := range map[string]func() error{
		"a new space":    func() error { return b.db.Enrol(t.Context(), "g", batchOf(50, two, 0)) },
		"a new gallery":  func() error { return b.db.Enrol(t.Context(), "h", batchOf(20, one, 7)) },
		"new contents":   func() error { return b.db.Enrol(t.Context(), "g", batchOf(30, one, 500)) },
		"a merge":        func() error { return b.mergedBy("sample-03", "sample-04") },
		"an erasure":     func() error { return b.db.DeleteIdentity(t.Context(), "g", "sample-05") },
		"a gallery less": func() error { return b.db.DeleteGallery(t.Context(), "h") },
	} {
		if err := do(); err != nil && face.CodeOf(err) != face.NotFound { // in any order
			t.Errorf("%s: %v", what, err)
		}
		f.same()
	}
	tx := b.begin()
	_, err := tx.Exec(t.Context(), `DELETE FROM visage.faces`)
	b.ok(err)
	b.ok(tx.Rollback(t.Context()))
	b.exec(`UPDATE visage.faces SET identity_id = NULL WHERE id::text < '8'`)
	f.same()
	b.exec(`TRUNCATE visage.embeddings_1`)
	f.same()
	if n := b.templates(); !strings.Contains(n, "\n") {
		t.Errorf("the other space is empty too: %s", n)
	}
	b.exec(`TRUNCATE visage.galleries CASCADE`)
	f.same()
	if _, begun := f.state(); begun != 1 || f.content() != "" {
		t.Errorf("begun %d times, holds %s", begun, f.content())
	}
}

// A large transaction comes in pieces, and is reached as a whole.
func TestFollowLargeTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(1, s, 0)))
	f := b.followNew()
	f.same()
	const rows = 50_000
	const insert = `
		WITH i AS (
			INSERT INTO visage.images (gallery_id, path, path_bytes, sha256, size, mtime, width, height)
			SELECT g.id, 'large' || n, convert_to('large' || n, 'UTF8'), sha256(''), 0, now(), 1, 1 FROM visage.galleries g, generate_series(1, %d) n
			RETURNING id, gallery_id),
		f AS (
			INSERT INTO visage.faces (gallery_id, image_id, detector, confidence, x1, y1, x2, y2)
			SELECT gallery_id, id, 'd', 1, 0, 0, 1, 1 FROM i RETURNING id, gallery_id)
		INSERT INTO visage.embeddings (space_id, face_id, gallery_id, embedding)
		SELECT 1, id, gallery_id, '[1,0,0,0,0,0,0,0]' FROM f`
	b.exec(`DROP INDEX visage.embeddings_1_hnsw`)
	tx := b.begin()
	_, err := tx.Exec(t.Context(), fmt.Sprintf(insert, rows))
	b.ok(err)
	b.ok(tx.Rollback(t.Context()))
	b.exec(fmt.Sprintf(insert, rows))
	f.same()
	b.exec(`DELETE FROM visage.faces WHERE detector = 'd'`)
	f.same()
	for _, n := range f.sizes {
		if n != 1 && n != 1+rows {
			t.Errorf("%d templates after a commit, want 1 or %d", n, 1+rows)
		}
	}
	if f.most > 2000 {
		t.Errorf("%d rows at once", f.most)
	}
}

// Vectors that lie outside of their row are not sent when something else of it changes.
func TestFollowToastedVectors(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("wide", 3000, true)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(4, s, 0)))
	f := b.followNew()
	f.same()
	b.exec(`UPDATE visage.embeddings SET gallery_id = gallery_id`)
	f.same()
	b.exec(`UPDATE visage.embeddings SET embedding = l2_normalize(embedding + (SELECT embedding FROM visage.embeddings ORDER BY face_id LIMIT 1))`)
	f.same()
	b.exec(`INSERT INTO visage.faces SELECT gen_random_uuid(), gallery_id, image_id, identity_id, 'other', confidence, x1, y1, x2, y2 FROM visage.faces LIMIT 1`)
	b.exec(`UPDATE visage.embeddings SET face_id = (SELECT id FROM visage.faces WHERE detector = 'other')
		WHERE face_id = (SELECT min(face_id::text)::uuid FROM visage.embeddings)`)
	f.same()
	tx := b.begin()
	for _, query := range []string{`UPDATE visage.embeddings SET gallery_id = gallery_id`, `DELETE FROM visage.faces WHERE detector = 'other'`} {
		_, err := tx.Exec(t.Context(), query)
		b.ok(err)
	}
	b.ok(tx.Commit(t.Context()))
	f.same()
	if n := one[int](b, `SELECT count(*) FROM visage.embeddings`); n != 3 {
		t.Errorf("%d templates, want 3", n)
	}
}

// A copy is gone on with after a stop, unless that would leave something out.
func TestFollowGoesOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, s, 0)))
	f := b.followNew()
	f.same()
	early, _ := f.state()
	f.stop()
	b.ok(b.db.Enrol(t.Context(), "h", batchOf(20, s, 40)))
	f = f.again()
	f.same()
	f.hasBegun(1)
	if _, begun := f.state(); begun != 1 {
		t.Fatalf("a stop made the copy begin %d times", begun)
	}
	// Its slot is further than the copy: what was between is gone.
	b.ok(b.db.DeleteGallery(t.Context(), "h"))
	f.same()
	f = f.again()
	f.same()
	f.stop()
	f.reached = early
	f = f.again()
	f.hasBegun(2)
	f.same()
	// It is further than the database, as after a restore.
	f.stop()
	f.reached += 1 << 40
	f = f.again()
	f.hasBegun(3)
	f.same()
	// It is another database's.
	f.stop()
	at, _ := f.state()
	f = b.follow(f.mirror, postgres.FollowConfig{From: at, Origin: "another"})
	f.hasBegun(4)
	f.same()
}

// Slots are listed, and dropped.
func TestSlots(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.followNew()
	f.same()
	slots, err := b.db.Slots(t.Context())
	b.ok(err)
	if len(slots) != 1 || !slots[0].Active || slots[0].Lost || !strings.HasPrefix(slots[0].Name, "visage_") || slots[0].Retained > 100<<20 {
		t.Errorf("slots %+v", slots)
	}
	b.fails(b.db.DropSlot(t.Context(), f.config.Slot), face.Unavailable, "is active")
	f.stop()
	for range 2 {
		b.ok(b.db.DropSlot(t.Context(), f.config.Slot))
	}
	if slots, err := b.db.Slots(t.Context()); len(slots) != 0 || err != nil {
		t.Errorf("slots %+v, %v", slots, err)
	}
}

// What a follower returns ends Follow; the copy that it did not finish is none.
func TestFollowerFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, space("A", 8, true), 0)))
	f := b.follow(&mirror{broken: errors.New("no room")}, postgres.FollowConfig{})
	if err := <-f.ended; err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("Follow returns %v", err)
	}
}

// Databases that cannot be followed say why.
func TestCannotFollow(t *testing.T) {
	t.Parallel()
	b, _ := onCitus(t)
	b.fails(b.db.Follow(t.Context(), postgres.FollowConfig{}, &mirror{}), face.Invalid, "Slot is empty")
	b.fails(b.db.Follow(t.Context(), postgres.FollowConfig{Slot: "s", From: 1}, &mirror{}), face.Invalid, "Origin is empty")
	b.ok(b.db.Distribute(t.Context()))
	b.fails(b.refusal(), face.Unavailable, "Citus")
	b = setup(t)
	b.exec(`UPDATE visage.schema_migrations SET version = version - 1`)
	b.fails(b.refusal(), face.Unavailable, "run visage migrate up")
}

// A role that may read may not publish.
func TestFollowWithoutPublications(t *testing.T) {
	t.Parallel()
	b := setup(t)
	role := "reader_" + strings.ReplaceAll(one[string](b, `SELECT gen_random_uuid()::text`), "-", "")
	b.exec(`CREATE ROLE ` + role)
	b.exec(`GRANT USAGE ON SCHEMA visage TO ` + role)
	b.exec(`GRANT SELECT ON ALL TABLES IN SCHEMA visage TO ` + role)
	t.Cleanup(func() {
		bare := connectBare(b)
		for _, query := range []string{`DROP OWNED BY ` + role, `DROP ROLE ` + role} {
			if _, err := bare.Exec(testless(), query); err != nil {
				t.Error(err)
			}
		}
		if err := bare.Close(testless()); err != nil {
			t.Error(err)
		}
	})
	as := connect(t, b.url+"&options=-c%20role%3D"+role)
	b.fails(as.refusal(), face.Unavailable, "run CREATE PUBLICATION")
}
