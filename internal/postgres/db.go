package postgres

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	pgxvector "github.com/pgvector/pgvector-go/pgx"

	"github.com/visagedb/visage/internal/face"
)

// Config says which database to use and how.
type Config struct {
	// URL is a PostgreSQL connection string, a URL or keywords and values.
	// What it leaves out comes from the PG* environment variables.
	URL string
	// MaxConns is the most connections that are open at once. Defaults to
	// what the URL says in pool_max_conns, else to the number of CPUs, at
	// least 4.
	MaxConns int32
}

// DB is a database with the schema of package migrations. It may be used by
// several goroutines at once.
type DB struct {
	pool *pgxpool.Pool
	// sizes remembers how large large galleries are, by region, so that not
	// every search counts; see Nearest.
	sizes sync.Map
	// regions remembers where searches were, as region by regionName, so that the
	// next one looks its region up in the same round trip in which it searches.
	regions sync.Map
	// curves remembers what was measured of indexes, as knownCurve by curveOf.
	curves sync.Map
}

// Open connects to the database. It does not look at the schema, which
// MigrateUp makes. It returns Invalid for a URL that cannot be read and
// Unavailable where no server answers or its pgvector is too old.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	settings, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "the database URL cannot be read")
	}
	if cfg.MaxConns > 0 {
		settings.MaxConns = cfg.MaxConns
	}
	return open(ctx, settings)
}

func open(ctx context.Context, settings *pgxpool.Config) (*DB, error) {
	if _, set := settings.ConnConfig.RuntimeParams["application_name"]; !set {
		settings.ConnConfig.RuntimeParams["application_name"] = "visage"
	}
	settings.AfterConnect = registerTypes
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, interpret("postgres.Open", err)
	}
	db := &DB{pool: pool}
	if err := db.checkExtension(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

// Close waits for the connections in use and closes them all. It is safe on a
// nil DB and may be called twice.
func (d *DB) Close() {
	if d != nil {
		d.pool.Close()
	}
}

// registerTypes teaches a connection pgvector's types, where the extension is
// there; a database that is not migrated yet does without.
func registerTypes(ctx context.Context, conn *pgx.Conn) error {
	var known bool
	if err := conn.QueryRow(ctx, `SELECT to_regtype('vector') IS NOT NULL`).Scan(&known); err != nil {
		return err
	}
	if !known {
		return nil
	}
	return pgxvector.RegisterTypes(ctx, conn)
}
