package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/visagedb/visage/internal/face"
)

const (
	// queueSchema is where River's tables are; a migration of ours makes it, and
	// its way back drops it with them.
	queueSchema = "visage_queue"
	// queueVersion is the version of River's tables that this program works with.
	// A release that raises it comes with a numbered migration of ours, so that
	// the version of the schema tells the one from the other.
	queueVersion = 8
)

// migrateQueue lets River make its tables, or bring them up to date. Programs
// that do so at once take turns.
func (d *DB) migrateQueue(ctx context.Context) (err error) {
	const op = "postgres.migrateQueue"
	at, err := d.queueVersion(ctx)
	if err != nil || at >= queueVersion {
		return err
	}
	settings := d.pool.Config().ConnConfig.Copy()
	settings.RuntimeParams["lock_timeout"] = strconv.FormatInt(migrateWait.Milliseconds(), 10)
	// A connection beside the pool's, of which there may be only one.
	lock, err := pgx.ConnectConfig(ctx, settings)
	if err != nil {
		return interpret(op, err)
	}
	defer func() { err = errors.Join(err, interpret(op, lock.Close(context.WithoutCancel(ctx)))) }()
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock(hashtextextended('visage.migrate', 0))`); err != nil {
		return interpret(op, err)
	}
	river, err := rivermigrate.New(riverpgxv5.New(d.pool), &rivermigrate.Config{Schema: queueSchema, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return interpret(op, err)
	}
	_, err = river.Migrate(ctx, rivermigrate.DirectionUp, &rivermigrate.MigrateOpts{TargetVersion: queueVersion})
	return interpret(op, err)
}

// queueVersion is the version of River's tables, 0 where they are not, or not
// half made.
func (d *DB) queueVersion(ctx context.Context) (int, error) {
	const query = `SELECT coalesce(max(version), 0) FROM visage_queue.river_migration WHERE line = 'main'`
	var version int
	err := d.pool.QueryRow(ctx, query).Scan(&version)
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		switch refused.Code {
		case "42P01", "3F000", "42703": // no table, no schema, no column line in River's first versions
			return 0, nil
		}
	}
	return version, interpret("postgres.queueVersion", err)
}

// requireQueue returns Unavailable where River's tables are not those that this
// program works with.
func (d *DB) requireQueue(ctx context.Context) error {
	version, err := d.queueVersion(ctx)
	switch {
	case err != nil:
		return err
	case version < queueVersion:
		return face.Errorf(face.Unavailable, "the job queue's tables have version %d, this program needs %d: run visage migrate up", version, queueVersion)
	case version > queueVersion:
		return face.Errorf(face.Unavailable, "the job queue's tables have version %d, this program knows only %d: use a newer visage", version, queueVersion)
	default:
		return nil
	}
}
