// Package pgtest gives each test a database of its own, cloned from a template
// that is migrated once. The server is the one that VISAGE_TEST_DATABASE_URL
// names, with a role that may create databases and extensions; where the
// variable is unset, the tests that need a database are skipped.
package pgtest

import (
	"net/url"
	"os"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/peterldowns/pgtestdb"

	"github.com/visagedb/visage/internal/postgres"
)

const variable = "VISAGE_TEST_DATABASE_URL"

// maxConns is enough for a test and lets many run beside each other.
const maxConns = 10

// New returns a migrated, empty database of the test's own, which goes when
// the test ends. Settings made with ALTER DATABASE, as the migrations make
// some, are not cloned.
func New(t testing.TB) *postgres.DB {
	t.Helper()
	return open(t, URL(t))
}

// URL is New for programs that open the database themselves.
func URL(t testing.TB) string {
	t.Helper()
	return pgtestdb.Custom(t, server(t), migrated{}).URL()
}

// EmptyURL returns the URL of a database that is not migrated.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return pgtestdb.Custom(t, server(t), pgtestdb.NoopMigrator{}).URL()
}

func open(t testing.TB, address string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: address, MaxConns: maxConns})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// server reads where the server is. A socket's folder goes into the options,
// because a URL's host cannot hold it. The tests use the role of the URL
// itself: where the server tells roles by the operating system's user, no
// other one could log in.
func server(t testing.TB) pgtestdb.Config {
	t.Helper()
	address := os.Getenv(variable)
	if address == "" {
		t.Skipf("needs a PostgreSQL server with pgvector: set %s to a superuser's URL (make test does)", variable)
	}
	cfg, err := pgxpool.ParseConfig(address)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	at := cfg.ConnConfig
	options := url.Values{}
	if parsed, err := url.Parse(address); err == nil {
		options = parsed.Query()
	}
	for _, said := range []string{"host", "port", "user", "password", "dbname", "database"} {
		options.Del(said) // said by the fields below; here they would win over the test's own database
	}
	host := at.Host
	if network, _ := pgconn.NetworkAddress(at.Host, at.Port); network == "unix" {
		options.Set("host", at.Host)
		host = ""
	}
	return pgtestdb.Config{
		DriverName: "pgx",
		Host:       host,
		Port:       strconv.Itoa(int(at.Port)),
		User:       at.User,
		Password:   url.QueryEscape(at.Password),
		Database:   at.Database,
		Options:    options.Encode(),
		TestRole:   &pgtestdb.Role{Username: at.User, Password: url.QueryEscape(at.Password)},
		// A test may end while the pool still opens a connection in the
		// background.
		ForceTerminateConnections: true,
	}
}
