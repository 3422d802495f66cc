package postgres

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	pgxmigrate "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/migrations"
)

// migrateWait is how long a migration waits for another one to end.
const migrateWait = time.Minute

// MigrateUp brings the schema to the latest version, with the extension that it
// needs. Programs that do so at once take turns. It returns Unavailable where
// the role may not, where pgvector is missing or too old, where an earlier
// migration was cut short, and where the schema is newer than this program.
func (d *DB) MigrateUp(ctx context.Context) error {
	// A dirty version may be that of a migration that another program is at: only
	// migrate, which waits for it, can tell.
	version, dirty, err := d.MigrateVersion(ctx)
	if err != nil {
		return err
	}
	latest, err := LatestVersion()
	if err != nil {
		return err
	}
	if !dirty && version >= latest {
		if version == latest {
			err = d.migrateQueue(ctx)
		}
		return cmp.Or(err, d.RequireSchema(ctx), d.checkExtension(ctx))
	}
	if err := d.ensureExtension(ctx); err != nil {
		return err
	}
	if err := d.checkExtension(ctx); err != nil {
		return err
	}
	if err = d.migrate(ctx, (*migrate.Migrate).Up); err == nil {
		err = d.migrateQueue(ctx)
	}
	d.pool.Reset() // connections from before the extension do not know its types
	return err
}

// MigrateDown takes the latest steps migrations back, with the data that they
// hold; more than there are take back all. It returns Invalid for less than
// one step.
func (d *DB) MigrateDown(ctx context.Context, steps int) error {
	if steps < 1 {
		return face.Errorf(face.Invalid, "cannot take %d migrations back: ask for at least 1", steps)
	}
	version, _, err := d.MigrateVersion(ctx)
	if err != nil || version == 0 {
		return err
	}
	return d.migrate(ctx, func(m *migrate.Migrate) error { return m.Steps(-steps) })
}

// MigrateVersion returns the version of the schema, 0 for none, and whether a
// migration to it was cut short.
func (d *DB) MigrateVersion(ctx context.Context) (version uint, dirty bool, err error) {
	err = d.pool.QueryRow(ctx, `SELECT version, dirty FROM visage.schema_migrations`).Scan(&version, &dirty)
	var refused *pgconn.PgError
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, false, nil
	case errors.As(err, &refused) && (refused.Code == "42P01" || refused.Code == "3F000"): // no table, no schema
		return 0, false, nil
	case err != nil:
		return 0, false, interpret("postgres.MigrateVersion", err)
	default:
		return version, dirty, nil
	}
}

// LatestVersion is the version of the schema that this program works with.
func LatestVersion() (uint, error) {
	source, err := iofs.New(migrations.Files, ".")
	if err != nil {
		return 0, face.Wrap(face.Internal, err, "reading the migrations")
	}
	version, err := source.First()
	for next := version; err == nil; next, err = source.Next(version) {
		version = next
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, face.Wrap(face.Internal, err, "reading the migrations")
	}
	return version, nil
}

// SchemaSum is the SHA-256, in hexadecimal, of the migrations, and of the version
// of River's: it changes with every change of the schema, released or not.
func SchemaSum() (string, error) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d\n", queueVersion)
	err := fs.WalkDir(migrations.Files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := migrations.Files.ReadFile(name)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(content), content)
		return err
	})
	if err != nil {
		return "", face.Wrap(face.Internal, err, "reading the migrations")
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// migrate runs golang-migrate over a connection of its own, which it closes.
// It stops between two migrations when ctx ends.
func (d *DB) migrate(ctx context.Context, run func(*migrate.Migrate) error) error {
	const op = "postgres.migrate"
	source, err := iofs.New(migrations.Files, ".")
	if err != nil {
		return interpret(op, err)
	}
	conn := d.pool.Config().ConnConfig
	conn.RuntimeParams["lock_timeout"] = strconv.FormatInt(migrateWait.Milliseconds(), 10)
	pool := stdlib.OpenDB(*conn)
	driver, err := pgxmigrate.WithInstance(pool, &pgxmigrate.Config{SchemaName: "visage"})
	if err != nil {
		return interpret(op, errors.Join(unwrapMigrate(err), pool.Close()))
	}
	m, err := migrate.NewWithInstance("embedded", source, conn.Database, driver)
	if err != nil {
		return interpret(op, errors.Join(err, driver.Close()))
	}
	m.LockTimeout = migrateWait
	stop := context.AfterFunc(ctx, func() { m.GracefulStop <- true })
	err = run(m)
	stop()
	sourceErr, driverErr := m.Close()
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	return interpret(op, errors.Join(unwrapMigrate(err), sourceErr, driverErr))
}

// unwrapMigrate turns golang-migrate's errors into those that interpret knows.
func unwrapMigrate(err error) error {
	var dirty migrate.ErrDirty
	var short migrate.ErrShortLimit
	var value database.Error
	var pointer *database.Error
	switch {
	case errors.Is(err, migrate.ErrNoChange), errors.As(err, &short):
		return nil
	case errors.As(err, &dirty):
		return face.Wrap(face.Unavailable, err,
			"the migration to version %d was cut short: restore the database, or mend it by hand and set visage.schema_migrations", dirty.Version)
	case errors.Is(err, migrate.ErrLockTimeout):
		return face.Wrap(face.Unavailable, err, "another migration is running: try again when it has ended")
	case errors.As(err, &value):
		return errors.Join(err, value.OrigErr)
	case errors.As(err, &pointer):
		return errors.Join(err, pointer.OrigErr)
	default:
		return err
	}
}
