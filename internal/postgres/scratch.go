package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/visagedb/visage/internal/face"
)

// dropWait bounds how long the removal of a scratch database is waited for.
const dropWait = time.Minute

// WithScratch makes an empty database of the schema on the server that the
// configuration names, for measuring without touching what is there, and drops
// it after use. It returns Unavailable where the role may not make databases.
func WithScratch(ctx context.Context, cfg Config, use func(*DB) error) (err error) {
	const op = "postgres.WithScratch"
	settings, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return face.Wrap(face.Invalid, err, "the database URL cannot be read")
	}
	server, err := pgx.ConnectConfig(ctx, settings.ConnConfig.Copy())
	if err != nil {
		return interpret(op, err)
	}
	cleanup := context.WithoutCancel(ctx)
	defer func() { err = errors.Join(err, server.Close(cleanup)) }()
	name := "visage_scratch_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	if _, err := server.Exec(ctx, `CREATE DATABASE `+name); err != nil {
		return interpret(op, err)
	}
	defer func() {
		limited, cancel := context.WithTimeout(cleanup, dropWait)
		defer cancel()
		_, dropped := server.Exec(limited, `DROP DATABASE `+name+` WITH (FORCE)`)
		err = errors.Join(err, interpret(op, dropped))
	}()
	settings.ConnConfig.Database = name
	db, err := open(ctx, settings)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.MigrateUp(ctx); err != nil {
		return err
	}
	return use(db)
}
