package postgres

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

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
	// ReplicaURL names a streaming replica of the database, which answers
	// searches in its stead; see reading. Defaults to none.
	ReplicaURL string
	// ReplicaLag is how far the replica may be behind and still answer. Defaults
	// to 30 seconds.
	ReplicaLag time.Duration
	// Logger is told when the replica is left and when it is back. Defaults to
	// silence.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.ReplicaLag == 0 {
		c.ReplicaLag = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// DB is a database with the schema of package migrations. It may be used by
// several goroutines at once.
type DB struct {
	pool *pgxpool.Pool
	// exactRows is up to how many templates are all compared.
	exactRows int64
	// sizes remembers how large large galleries are, by region, so that not
	// every search counts; see Nearest.
	sizes sync.Map
	// regions remembers where searches were, as region by regionName, so that the
	// next one looks its region up in the same round trip in which it searches.
	regions sync.Map
	// spaces remembers spaces by name; see Space.
	spaces sync.Map
	// curves remembers what was measured of indexes, as knownCurve by curveOf.
	curves sync.Map
	// replica answers searches; nil for none.
	replica *replica
	// citus says that the database has the extension citus, as Open found it.
	citus atomic.Bool
}

// Open connects to the database. It does not look at the schema, which
// MigrateUp makes, nor at the replica, which the first search does. It returns
// Invalid for a URL that cannot be read and Unavailable where no server answers or
// its pgvector is too old.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	cfg = cfg.withDefaults()
	settings, err := poolSettings("database", cfg.URL, cfg.MaxConns)
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, settings)
	if err != nil || cfg.ReplicaURL == "" {
		return db, err
	}
	if db.replica, err = newReplica(ctx, cfg); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// poolSettings reads the URL of the database or of its replica.
func poolSettings(what, url string, maxConns int32) (*pgxpool.Config, error) {
	settings, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, face.Wrap(face.Invalid, err, "the %s URL cannot be read", what)
	}
	if maxConns > 0 {
		settings.MaxConns = maxConns
	}
	return settings, nil
}

func open(ctx context.Context, settings *pgxpool.Config) (*DB, error) {
	pool, err := newPool(ctx, settings)
	if err != nil {
		return nil, err
	}
	db := &DB{pool: pool, exactRows: exactRows}
	if err := db.checkExtension(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return db, nil
}

// newPool makes a pool, which connects when it is used.
func newPool(ctx context.Context, settings *pgxpool.Config) (*pgxpool.Pool, error) {
	if _, set := settings.ConnConfig.RuntimeParams["application_name"]; !set {
		settings.ConnConfig.RuntimeParams["application_name"] = "visage"
	}
	settings.AfterConnect = registerTypes
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	return pool, interpret("postgres.Open", err)
}

// Close waits for the connections in use and closes them all. It is safe on a
// nil DB and may be called twice.
func (d *DB) Close() {
	if d != nil {
		d.replica.close()
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
