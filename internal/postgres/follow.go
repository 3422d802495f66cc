package postgres

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Follower keeps a copy of all templates, of every gallery and space. Its calls come
// one after the other; an error of any of them ends Follow. What it is given is its
// own for the call only. A call of more than the server's wal_sender_timeout, as a rule
// 60 s, breaks the connection.
//
// Within a transaction that was committed the copy is told of the changes in pieces,
// and Reached comes after the last. When the connection breaks in between, the whole
// transaction is told again: to put, remove and identify the same once more must
// change nothing.
type Follower interface {
	// Begin says that what is held is to be forgotten: a whole copy follows, of these
	// spaces. It is complete with the first call of Reached.
	Begin(ctx context.Context, spaces map[int32]face.Space) error
	// Space says that there is a new space.
	Space(ctx context.Context, id int32, space face.Space) error
	// Put gives templates that were inserted or replaced.
	Put(ctx context.Context, space int32, rows []face.Enrolled) error
	// Remove says that templates are gone; some may never have been put.
	Remove(ctx context.Context, space int32, faces [][16]byte) error
	// Identify gives faces another identity, zero for none; some may have no template.
	Identify(ctx context.Context, faces map[[16]byte][16]byte) error
	// Clear says that a space has no template any more.
	Clear(ctx context.Context, space int32) error
	// Reached says that everything was told that was committed up to a position, and
	// nothing that is not. It also comes each second while nothing changes. After it the
	// server may forget how to go on from an earlier position.
	Reached(ctx context.Context, at face.Position) error
}

// FollowConfig says how the database is followed.
type FollowConfig struct {
	// Slot names the program instance, such as by its host and home folder. The server
	// keeps its log for each of them, up to max_slot_wal_keep_size, until DropSlot: two
	// that follow at once must not share a name, and one that starts again must have
	// the one that it had. Required.
	Slot string
	// From is how far the copy that is held has come. Defaults to none held.
	From face.Position
	// Origin is what DB.Origin returned before that copy was begun. Required with From:
	// positions of another database mean nothing.
	Origin string
	// Logger is told of breaks, and why a copy is begun anew. Defaults to silence.
	Logger *slog.Logger
}

func (c FollowConfig) withDefaults() FollowConfig {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c FollowConfig) validate() error {
	if c.Slot == "" {
		return face.Errorf(face.Invalid, "Slot is empty: name the program that follows the database")
	}
	if c.From > 0 && c.Origin == "" {
		return face.Errorf(face.Invalid, "Origin is empty: say of which database the copy is that has come to %s", c.From)
	}
	return nil
}

const (
	// followPause is the longest pause before the first attempt to connect again; it
	// doubles with each further one.
	followPause = 100 * time.Millisecond
	// mostFollowPause bounds it: that long the copy stands still at most after the
	// database is back.
	mostFollowPause = 5 * time.Second
)

// cannotFollow says that the database cannot be followed as it is set up.
type cannotFollow struct{ error }

func (c cannotFollow) Unwrap() error { return c.error }

// followerError is what a Follower returned.
type followerError struct{ error }

func (f followerError) Unwrap() error { return f.error }

// errBeginAnew says that the stream cannot go on from where the copy stands.
var errBeginAnew = errors.New("the slot cannot be gone on with")

// Follow tells a follower of all templates and then of every change to them, in the
// order of the commits, until ctx ends, which is no error. It goes on from cfg.From
// where the server still can, and begins with a whole copy where not: with none held,
// where the slot is gone or was given up for the disk it took, and where the database
// is another one than the copy's (restored, promoted, migrated). Where the connection
// breaks it connects again, with pauses that double up to 5 s.
//
// It returns Invalid for a configuration that lacks something, Unavailable where the
// database cannot be followed (wal_level, a right, a free slot, a table's shape, Citus,
// another schema), with what to do about it, and the follower's own errors. It takes
// connections of its own beside the pool's.
func (d *DB) Follow(ctx context.Context, cfg FollowConfig, f Follower) error {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return err
	}
	run := &following{db: d, cfg: cfg, follower: f, reached: cfg.From, origin: cfg.Origin}
	pause, away := followPause, false
	for !ended(ctx) {
		before := run.reached
		err := run.session(ctx)
		if last := lastError(ctx, err); last != nil {
			return last
		}
		if run.reached != before { // it was back in between
			pause, away = followPause, false
		}
		if errors.Is(err, errBeginAnew) && run.reached > 0 {
			cfg.Logger.Warn("the copy of the templates is begun anew", "reason", err)
			run.reached = 0
		}
		if !away && !ended(ctx) { // once for each outage
			away = true
			cfg.Logger.Warn("the database is not followed for a while", "error", interpret("postgres.Follow", err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause/2)):
			pause = min(2*pause, mostFollowPause)
		}
	}
	return nil
}

// lastError is the error with which Follow ends after one of a session, and nil where it
// connects again, or was told to end.
func lastError(ctx context.Context, err error) error {
	var refused cannotFollow
	var own followerError
	switch {
	case ended(ctx):
		return nil
	case errors.As(err, &refused):
		return refused.error
	case errors.As(err, &own):
		return own.error
	default:
		return nil
	}
}

func ended(ctx context.Context) bool { return ctx.Err() != nil }

// following is one run of Follow.
type following struct {
	db       *DB
	cfg      FollowConfig
	follower Follower
	reached  face.Position // up to where the follower was told; 0 where it holds no whole copy
	origin   string        // of the copy
	// unseen are transactions, by the low 32 bits of their ids, that the server has sent
	// and that others may not see yet: it sends them once they are safe on its disk, and
	// with synchronous replicas that can be long before.
	unseen []uint32
}

// session follows over one connection, until it breaks.
func (r *following) session(ctx context.Context) error {
	slot, err := r.prepare(ctx)
	if err != nil {
		return err
	}
	conn, err := r.db.connectReplication(ctx)
	if err != nil {
		return rightToFollow(err)
	}
	defer closeReplication(ctx, conn)
	if r.reached == 0 {
		if err := r.copyAll(ctx, conn, slot); err != nil {
			return err
		}
	}
	return r.stream(ctx, conn, slot)
}

// prepare looks whether the database can be followed and whether the copy can be gone
// on with. It returns the slot's full name.
func (r *following) prepare(ctx context.Context) (slot string, err error) {
	if err := r.db.followable(ctx); err != nil {
		return "", err
	}
	origin, err := r.db.Origin(ctx)
	if err != nil {
		return "", err
	}
	if slot, err = r.db.slotName(ctx, r.cfg.Slot); err != nil {
		return "", err
	}
	if err := r.db.ensurePublications(ctx); err != nil {
		return "", err
	}
	if r.reached > 0 {
		why, err := r.db.lost(ctx, slot, r.reached)
		if err != nil {
			return "", err
		}
		if why == "" && origin != r.origin {
			why = "the database is another one, or has another schema"
		}
		if why != "" {
			r.cfg.Logger.Warn("the copy of the templates is begun anew", "reason", why)
			r.reached = 0
		}
	}
	r.origin = origin
	return slot, nil
}
