package httpapi

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

const (
	// keyMark begins every key, so that tools which look for secrets in files find it.
	keyMark = "visage_"
	// idSize and secretSize are random bytes: the id must only be unique, the secret
	// must not be guessed.
	idSize, secretSize = 8, 32
)

// NewKey makes a key: the text that its holder sends, which is kept nowhere, and
// what is stored of it, its id and its hash. The text is visage_ID_SECRET.
func NewKey() (text string, key face.Key) {
	var random [idSize + secretSize]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the program first
	key.ID = hex.EncodeToString(random[:idSize])
	text = keyMark + key.ID + "_" + base64.RawURLEncoding.EncodeToString(random[idSize:])
	key.Hash = hashOf(text)
	return text, key
}

// hashOf is what is stored of a key. A slow hash makes it dear to try passwords that
// people think of; 256 random bits cannot be tried, so that SHA-256 is enough.
func hashOf(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

// keyID is the public part of a text that has the form of a key.
func keyID(text string) (id string, ok bool) {
	rest, marked := strings.CutPrefix(text, keyMark)
	id, secret, whole := strings.Cut(rest, "_")
	if !marked || !whole || len(id) != 2*idSize || len(secret) != base64.RawURLEncoding.EncodedLen(secretSize) {
		return "", false
	}
	if _, err := hex.DecodeString(id); err != nil || id != strings.ToLower(id) {
		return "", false
	}
	return id, true
}
