package postgres

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/visagedb/visage/internal/face"
)

// checkEvery is how often the replica is looked at, once it is used: that long
// may its searches hang, and it goes unused after it is back.
const checkEvery = time.Second

// replica answers searches while it is well. It is first looked at by the first
// search, so that programs which do not search need none.
type replica struct {
	db      *DB
	mostLag time.Duration
	log     *slog.Logger

	begin   sync.Once
	stop    context.CancelFunc // of the watch; nil where it never began
	watched sync.WaitGroup

	mu sync.Mutex
	// session lasts while the replica is well; closed when it is left, nil while
	// it is not read.
	session chan struct{}
	away    bool  // left, which was logged
	refused error // why it may not be used at all, as was seen at the first look
}

// newReplica makes the pool without connecting.
func newReplica(ctx context.Context, cfg Config) (*replica, error) {
	settings, err := poolSettings("replica", cfg.ReplicaURL, cfg.MaxConns)
	if err != nil {
		return nil, err
	}
	pool, err := newPool(ctx, settings)
	if err != nil {
		return nil, err
	}
	return &replica{db: &DB{pool: pool, exactRows: exactRows}, mostLag: cfg.ReplicaLag, log: cfg.Logger}, nil
}

// close ends the watch and the connections. It is safe on nil and may be called
// twice.
func (r *replica) close() {
	if r == nil {
		return
	}
	r.begin.Do(func() {}) // no search begins the watch after this
	if r.stop != nil {
		r.stop()
	}
	r.watched.Wait()
	r.db.Close()
}

// reading reads from the replica of d, where there is one that is well, and else
// from d itself. What the replica does not know may have come since it was last in
// step, and what breaks may be the replica: both are asked of d again, so that a
// replica never makes an answer fail. It returns Unavailable where what was named as
// the replica is none of this database, or has another schema.
func reading[T any](ctx context.Context, d *DB, read func(context.Context, *DB) (T, error)) (T, error) {
	session, err := d.replica.ready(d)
	if err != nil {
		var none T
		return none, err
	}
	if session == nil {
		return read(ctx, d)
	}
	within, leave := during(ctx, session)
	found, err := read(within, d.replica.db)
	leave()
	if err == nil || ctx.Err() != nil {
		return found, err
	}
	switch code := face.CodeOf(err); {
	case code == face.Invalid, code == face.Mismatch:
		return found, err
	case code != face.NotFound && !overruled(err):
		d.replica.leave(session, err)
	}
	return read(ctx, d)
}

// during is a context that ends with the session too.
func during(ctx context.Context, session <-chan struct{}) (context.Context, context.CancelFunc) {
	within, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-session:
			cancel()
		case <-within.Done():
		}
	}()
	return within, cancel
}

// overruled says whether a healthy replica gave up a query, for what it had to
// replay (SQLSTATE 40001, 40P01) or by a timeout of its own (57014).
func overruled(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && (lostRace(err) || refused.Code == "57014")
}

// ready returns the session of the replica, nil where it is not to be read.
func (r *replica) ready(primary *DB) (<-chan struct{}, error) {
	if r == nil {
		return nil, nil
	}
	r.begin.Do(func() {
		ctx, stop := context.WithCancel(context.Background())
		r.stop = stop
		_, err := r.look(ctx, primary)
		if no := (refusal{}); errors.As(err, &no) {
			r.refused = err
		}
		r.note(err)
		r.watched.Go(func() { r.watch(ctx, primary) })
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.session, r.refused
}

// watch looks at the replica again and again, until ctx ends.
func (r *replica) watch(ctx context.Context, primary *DB) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(checkEvery):
		}
		_, err := r.look(ctx, primary)
		if ctx.Err() == nil {
			r.note(err)
		}
	}
}

// note draws the consequence of a look at the replica, and logs it where it is
// new.
func (r *replica) note(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil:
		r.part(err)
	case r.session == nil:
		r.session, r.refused = make(chan struct{}), nil
		if r.away {
			r.away = false
			r.log.Info("the replica answers searches again")
		}
	}
}

// leave ends a session in which a search failed, unless it has ended before.
func (r *replica) leave(session <-chan struct{}, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.session != nil && session == r.session {
		r.part(err)
	}
}

// part ends the session, with all searches on the replica, and logs once why. The
// caller holds the lock.
func (r *replica) part(err error) {
	if r.session != nil {
		close(r.session)
		r.session = nil
		r.db.pool.Reset() // its connections may all be dead
	}
	if !r.away {
		r.away = true
		r.log.Warn("the replica is not searched, the primary is in its stead", "error", err)
	}
}
