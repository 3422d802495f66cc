package postgres

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/visagedb/visage/internal/face"
)

// oldestPgvector is the first release with iterative index scans, without
// which a filter can empty the answer of a search.
const oldestPgvector = "0.8.0"

// checkExtension returns Unavailable where the database has a pgvector that is
// too old, or one that unqualified names do not reach. None at all is no
// error: MigrateUp makes it. It also notes whether there is Citus.
func (d *DB) checkExtension(ctx context.Context) error {
	const op = "postgres.checkExtension"
	const query = `
		SELECT coalesce(e.extversion, ''), coalesce(n.nspname, ''), to_regtype('vector') IS NOT NULL,
		       EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
		FROM (VALUES (1)) one LEFT JOIN pg_extension e ON e.extname = 'vector' LEFT JOIN pg_namespace n ON n.oid = e.extnamespace`
	var version, schema string
	var reachable, citus bool
	err := d.pool.QueryRow(ctx, query).Scan(&version, &schema, &reachable, &citus)
	d.citus.Store(citus)
	switch {
	case err != nil:
		return interpret(op, err)
	case version == "":
		return nil
	case older(version, oldestPgvector):
		return face.Errorf(face.Unavailable,
			"the database has pgvector %s, but %s or later is needed: install a newer one and run ALTER EXTENSION vector UPDATE", version, oldestPgvector)
	case !reachable:
		return face.Errorf(face.Unavailable,
			"pgvector is installed in schema %q, which is not in the search_path of this role: add it there", schema)
	default:
		return nil
	}
}

// ensureExtension makes the schema and the extension that the migrations
// expect. The extension goes where every role finds it: for a role of the name
// visage the schema visage would come first. The lock keeps two programs that
// start at once from making them twice.
func (d *DB) ensureExtension(ctx context.Context) error {
	const op = "postgres.MigrateUp"
	return d.inTx(ctx, op, func(tx pgx.Tx) error {
		for _, statement := range []string{
			`SELECT pg_advisory_xact_lock(hashtextextended('visage.migrate', 0))`,
			`CREATE SCHEMA IF NOT EXISTS visage`,
			`CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public`,
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return extensionError(err)
			}
		}
		return nil
	})
}

// extensionError says what to do where the server has no pgvector or the role
// may not install it.
func extensionError(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Code {
	case "42501": // insufficient_privilege
		return face.Wrap(face.Unavailable, err,
			"this role may not prepare the database: have a superuser run CREATE SCHEMA IF NOT EXISTS visage AUTHORIZATION <this role>; CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;")
	case "0A000", "58P01": // feature_not_supported, undefined_file: no such extension on the server
		return face.Wrap(face.Unavailable, err,
			"the server has no pgvector: install %s or later for its PostgreSQL version", oldestPgvector)
	default:
		return err
	}
}

// older says whether version a comes before version b. Both are numbers with
// dots between; a part that is no number counts as 0.
func older(a, b string) bool {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(left), len(right)) {
		l, r := part(left, i), part(right, i)
		if l != r {
			return l < r
		}
	}
	return false
}

func part(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return 0
	}
	return n
}
