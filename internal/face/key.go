package face

import (
	"slices"
	"time"
)

// Scope is something that a key allows.
type Scope string

// The scopes. They do not contain one another, but ScopeAdmin contains all.
const (
	ScopeRead   Scope = "read"   // ask: find, verify, represent, list
	ScopeEnrol  Scope = "enrol"  // add and change what is enrolled
	ScopeDelete Scope = "delete" // remove what is enrolled
	ScopeAdmin  Scope = "admin"  // run the service: indexes, jobs, all of the above
)

// Scopes are all of them.
func Scopes() []Scope { return []Scope{ScopeRead, ScopeEnrol, ScopeDelete, ScopeAdmin} }

// Key is what is known of an API key; the secret itself is not kept.
type Key struct {
	ID        string     `json:"id"` // its public part
	Name      string     `json:"name"`
	Hash      [32]byte   `json:"-"` // SHA-256 of the whole key
	Scopes    []Scope    `json:"scopes"`
	Galleries []string   `json:"galleries"` // the only ones that it may use; none for all
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"`
	RevokedAt *time.Time `json:"revoked_at"`
	LastUsed  *time.Time `json:"last_used_at"` // to a minute
	// Valid says that it is neither revoked nor expired, by the clock of the
	// database.
	Valid bool `json:"valid"`
}

// May says whether the key has a scope.
func (k Key) May(s Scope) bool {
	return slices.Contains(k.Scopes, s) || slices.Contains(k.Scopes, ScopeAdmin)
}

// Bound says whether the key is for some galleries only.
func (k Key) Bound() bool { return len(k.Galleries) > 0 }

// Reaches says whether the key may use a gallery. Names are compared as the
// database writes them; see Readable.
func (k Key) Reaches(gallery string) bool {
	return !k.Bound() || slices.Contains(k.Galleries, Readable(gallery))
}
