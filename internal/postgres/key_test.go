package postgres_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// apiKey is one as it is given to CreateKey.
func apiKey(id string, scopes ...face.Scope) face.Key {
	k := face.Key{ID: id, Name: "door " + id[:1], Scopes: scopes}
	copy(k.Hash[:], bytes.Repeat([]byte(id[:1]), 32))
	return k
}

func TestKeyComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if any, err := b.db.AnyKey(t.Context()); any || err != nil {
		t.Errorf("a new database has keys: %t (%v)", any, err)
	}
	want := apiKey("aaaaaaaaaaaaaaaa", face.ScopeRead, face.ScopeEnrol)
	want.Galleries = []string{"staff", "gu\xffests"}
	made, err := b.db.CreateKey(t.Context(), want, 0)
	b.ok(err)
	got, found, err := b.db.Key(t.Context(), want.ID)
	b.ok(err)
	if !found || got.Hash != want.Hash || got.Name != want.Name || !got.Valid || got.ExpiresAt != nil || got.LastUsed != nil || !made.CreatedAt.Equal(got.CreatedAt) {
		t.Errorf("key %+v", got)
	}
	if !got.May(face.ScopeEnrol) || got.May(face.ScopeDelete) || !got.Reaches("gu\xffests") || got.Reaches("default") {
		t.Errorf("key may what it should not: %+v", got)
	}
	if any, err := b.db.AnyKey(t.Context()); !any || err != nil {
		t.Errorf("no key was made: %v", err)
	}
	if _, found, err := b.db.Key(t.Context(), "bbbbbbbbbbbbbbbb"); found || err != nil {
		t.Errorf("an unknown key is found: %t (%v)", found, err)
	}
}

// A key ends when the database's clock says so (reliability test 35), and when it is
// revoked; it is never forgotten.
func TestKeyEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.CreateKey(t.Context(), apiKey("aaaaaaaaaaaaaaaa", face.ScopeRead), time.Hour)
	b.ok(err)
	_, err = b.db.CreateKey(t.Context(), apiKey("bbbbbbbbbbbbbbbb", face.ScopeAdmin), 0)
	b.ok(err)
	_, err = b.sql.Exec(t.Context(), `UPDATE visage.api_keys SET expires_at = now() - interval '1 second' WHERE expires_at IS NOT NULL`)
	b.ok(err)
	b.ok(b.db.RevokeKey(t.Context(), "bbbbbbbbbbbbbbbb"))
	first := one[time.Time](b, `SELECT revoked_at FROM visage.api_keys WHERE revoked_at IS NOT NULL`)
	b.ok(b.db.RevokeKey(t.Context(), "bbbbbbbbbbbbbbbb"))
	keys, err := b.db.Keys(t.Context())
	b.ok(err)
	if len(keys) != 2 || keys[0].Valid || keys[1].Valid || !keys[1].RevokedAt.Equal(first) {
		t.Errorf("keys %+v", keys)
	}
	b.fails(b.db.RevokeKey(t.Context(), "cccccccccccccccc"), face.NotFound, "visage key list")
}

func TestKeyIsChecked(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.CreateKey(t.Context(), apiKey("aaaaaaaaaaaaaaaa"), 0)
	b.fails(err, face.Invalid, "scopes")
	_, err = b.db.CreateKey(t.Context(), apiKey("aaaaaaaaaaaaaaaa", "root"), 0)
	b.fails(err, face.Invalid, "scopes")
	long := apiKey("aaaaaaaaaaaaaaaa", face.ScopeRead)
	long.Name = strings.Repeat("x", 1025)
	_, err = b.db.CreateKey(t.Context(), long, 0)
	b.fails(err, face.Invalid, "name")
}

func TestUseOfAKeyIsNotedOnceAMinute(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.db.CreateKey(t.Context(), apiKey("aaaaaaaaaaaaaaaa", face.ScopeRead), 0)
	b.ok(err)
	const last = `SELECT last_used_at FROM visage.api_keys`
	b.ok(b.db.UseKey(t.Context(), "aaaaaaaaaaaaaaaa"))
	first := one[time.Time](b, last)
	b.ok(b.db.UseKey(t.Context(), "aaaaaaaaaaaaaaaa"))
	if again := one[time.Time](b, last); !again.Equal(first) {
		t.Errorf("noted at %s and %s", first, again)
	}
	_, err = b.sql.Exec(t.Context(), `UPDATE visage.api_keys SET last_used_at = now() - interval '2 minutes'`)
	b.ok(err)
	b.ok(b.db.UseKey(t.Context(), "aaaaaaaaaaaaaaaa"))
	if later := one[time.Time](b, last); later.Before(first) {
		t.Errorf("not noted after a minute: %s", later)
	}
}

func TestPoolIsCounted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.CreateGallery(t.Context(), "g"))
	if p := b.db.Pool(); p.Most != 10 || p.Open < 1 || p.Used != 0 {
		t.Errorf("pool %+v", p)
	}
}
