package postgres

import (
	"context"
	"time"

	"github.com/visagedb/visage/internal/face"
)

const (
	// lookLimit bounds one look at a server: one that takes longer is as good as
	// down.
	lookLimit = 2 * time.Second
	// lagPause is before a second look at a replica that seems far behind. The log
	// grows on an idle primary too: then the replica is behind for a moment, while
	// the last transaction that it replayed is old.
	lagPause = 200 * time.Millisecond
)

// refusal says that what was named as the replica is none of this database, or not
// one that this program can read.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// ReplicaHealth is the state of a replica, for doctor.
type ReplicaHealth struct {
	Server string `json:"server"` // PostgreSQL's version
	// BytesBehind is how much of the primary's log it has not replayed, 0 where the
	// primary does not answer.
	BytesBehind int64 `json:"bytes_behind"`
	// SecondsBehind is the age of the last transaction that it replayed, by both
	// servers' clocks, 0 where it has replayed all.
	SecondsBehind float64 `json:"seconds_behind"`
}

// Replica asks the replica how it is. It returns NotFound where none was named,
// and Unavailable where it does not answer, is too far behind, is no replica of this
// database or has another schema; the state is what could be learnt.
func (d *DB) Replica(ctx context.Context) (ReplicaHealth, error) {
	if d.replica == nil {
		return ReplicaHealth{}, face.Errorf(face.NotFound, "no replica was named: --replica-url does")
	}
	return d.replica.look(ctx, d)
}

// position is how far a primary's log has come.
type position struct {
	identity string  // of cluster and database
	end      *string // of the log; nil where the primary does not answer
}

// look asks whether the replica may be read.
func (r *replica) look(ctx context.Context, primary *DB) (ReplicaHealth, error) {
	at := primary.position(ctx)
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	h, err := r.lag(ctx, at)
	if err == nil && h.SecondsBehind > r.mostLag.Seconds() {
		select {
		case <-ctx.Done():
		case <-time.After(lagPause):
		}
		h, err = r.lag(ctx, at)
	}
	if err != nil {
		return h, err
	}
	if h.SecondsBehind > r.mostLag.Seconds() {
		return h, face.Errorf(face.Unavailable, "the replica is %.0f s and %d bytes behind, more than %s: see pg_stat_replication on the primary, or allow more by --replica-lag",
			h.SecondsBehind, h.BytesBehind, r.mostLag)
	}
	return h, r.requireSchema(ctx)
}

// position asks the primary, which need not answer: the replica is read without it.
func (d *DB) position(ctx context.Context) (at position) {
	ctx, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	const query = `
		SELECT system_identifier || '/' || current_database(), CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn()::text END
		FROM pg_control_system()`
	if err := d.pool.QueryRow(ctx, query).Scan(&at.identity, &at.end); err != nil {
		return position{}
	}
	return at
}

// lag asks the replica how far behind a position it is, and whether it is one.
func (r *replica) lag(ctx context.Context, at position) (h ReplicaHealth, err error) {
	// One that has replayed no transaction since it started is behind for that long.
	const query = `
		SELECT current_setting('server_version'), pg_is_in_recovery(), system_identifier || '/' || current_database(),
		       greatest(coalesce(pg_wal_lsn_diff($1::text::pg_lsn, pg_last_wal_replay_lsn()), 0), 0)::bigint,
		       extract(epoch FROM clock_timestamp() - coalesce(pg_last_xact_replay_timestamp(), pg_postmaster_start_time()))::float8
		FROM pg_control_system()`
	var follows bool
	var identity string
	err = r.db.pool.QueryRow(ctx, query, at.end).Scan(&h.Server, &follows, &identity, &h.BytesBehind, &h.SecondsBehind)
	if h.BytesBehind == 0 {
		h.SecondsBehind = 0
	}
	switch {
	case err != nil:
		return h, interpret("postgres.Replica", err)
	case at.identity != "" && identity != at.identity:
		return h, refusal{face.Errorf(face.Unavailable, "the replica URL names another database than the database URL (%s, not %s): name a streaming replica of it",
			identity, at.identity)}
	case !follows:
		return h, refusal{face.Errorf(face.Unavailable, "the replica URL names a server that follows no other: name a streaming replica of the database, or none")}
	default:
		return h, nil
	}
}

// requireSchema refuses a replica with another schema than this program's.
func (r *replica) requireSchema(ctx context.Context) error {
	version, dirty, err := r.db.MigrateVersion(ctx)
	if err != nil {
		return err
	}
	latest, err := LatestVersion()
	switch {
	case err != nil:
		return err
	case dirty || version != latest:
		return refusal{face.Errorf(face.Unavailable,
			"the replica has schema version %d, this program needs %d: migrate the primary, and wait until the replica has followed", version, latest)}
	default:
		return nil
	}
}
