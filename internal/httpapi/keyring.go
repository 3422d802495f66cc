package httpapi

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"sync"
	"time"

	"github.com/visagedb/visage/internal/face"
)

const (
	// keyAge is how long what the database said of a key is relied on: within it a key
	// that was revoked, or has expired, may still be used.
	keyAge = 3 * time.Second
	// keyMemory is how many keys are remembered, unknown ones included.
	keyMemory = 4096
	// keyWait bounds how long the database is waited for.
	keyWait = 5 * time.Second
)

// keyring remembers keys for a few seconds, so that not every request asks the
// database.
type keyring struct {
	keys Keys
	log  *slog.Logger

	mu    sync.Mutex
	known map[string]remembered // by id
	any   remembered            // whether there is a key at all
}

// remembered is what the database said, and until when it counts.
type remembered struct {
	key   face.Key
	found bool
	until time.Time
}

func newKeyring(keys Keys, log *slog.Logger) *keyring {
	return &keyring{keys: keys, log: log, known: map[string]remembered{}}
}

// needed says whether a key was ever made. Once one was, it stays so: revoking the
// last key must not open the doors.
func (k *keyring) needed(ctx context.Context) (bool, error) {
	k.mu.Lock()
	said := k.any
	k.mu.Unlock()
	if said.found || time.Now().Before(said.until) {
		return said.found, nil
	}
	ctx, cancel := context.WithTimeout(ctx, keyWait)
	defer cancel()
	found, err := k.keys.AnyKey(ctx)
	if err != nil {
		return true, err
	}
	k.mu.Lock()
	k.any = remembered{found: found, until: time.Now().Add(keyAge)}
	k.mu.Unlock()
	return found, nil
}

// remembers says whether a text is that of a key that is remembered as valid, which
// asks nothing of the database.
func (k *keyring) remembers(text string) bool {
	id, _ := keyID(text)
	k.mu.Lock()
	said, held := k.known[id]
	k.mu.Unlock()
	return held && time.Now().Before(said.until) && opens(said, text)
}

// key is the key of a text, and whether it may be used. Unknown, wrong, expired and
// revoked ones cost the same: one look-up, one hash and one comparison.
func (k *keyring) key(ctx context.Context, text string) (face.Key, bool, error) {
	id, ok := keyID(text)
	if !ok {
		return face.Key{}, false, nil
	}
	k.mu.Lock()
	said, held := k.known[id]
	k.mu.Unlock()
	if !held || !time.Now().Before(said.until) {
		var err error
		if said, err = k.ask(ctx, id, text); err != nil {
			return face.Key{}, false, err
		}
	}
	return said.key, opens(said, text), nil
}

// ask asks the database, and notes there that the key is used.
func (k *keyring) ask(ctx context.Context, id, text string) (said remembered, err error) {
	ctx, cancel := context.WithTimeout(ctx, keyWait)
	defer cancel()
	if said.key, said.found, err = k.keys.Key(ctx, id); err != nil {
		return said, err
	}
	said.until = time.Now().Add(keyAge)
	k.mu.Lock()
	if len(k.known) >= keyMemory {
		clear(k.known)
	}
	k.known[id] = said
	k.mu.Unlock()
	if opens(said, text) {
		if err := k.keys.UseKey(ctx, id); err != nil { // a replica cannot note it, and answers all the same
			k.log.Debug("the use of a key is not noted", "key", id, "error", err)
		}
	}
	return said, nil
}

// opens compares in constant time, also where there is no such key.
func opens(said remembered, text string) bool {
	hash := hashOf(text)
	same := subtle.ConstantTimeCompare(hash[:], said.key.Hash[:]) == 1
	return same && said.found && said.key.Valid
}
