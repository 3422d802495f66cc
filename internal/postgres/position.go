package postgres

import (
	"context"

	"github.com/visagedb/visage/internal/face"
)

// CurrentPosition is how far the database's log is safe on its disk. A copy that has
// reached it holds everything whose commit was answered before the call, unless that
// was committed with synchronous_commit = off. It returns Unavailable on a replica.
func (d *DB) CurrentPosition(ctx context.Context) (face.Position, error) {
	var at int64
	err := d.pool.QueryRow(ctx, `SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint`).Scan(&at)
	return face.Position(at), interpret("postgres.CurrentPosition", err)
}

// Origin tells databases apart whose positions cannot be compared: it is made of the
// identity of the cluster, its timeline, which a restore to a point in time and a
// failover change, the database and the version of its schema. A cluster whose files
// were put back as a whole keeps it; drop the slots there, see docs/search.md.
func (d *DB) Origin(ctx context.Context) (origin string, err error) {
	const query = `
		SELECT concat_ws('/', system_identifier, left(pg_walfile_name(pg_current_wal_lsn()), 8),
		       (SELECT oid FROM pg_database WHERE datname = current_database()), (SELECT version FROM visage.schema_migrations))
		FROM pg_control_system()`
	err = d.pool.QueryRow(ctx, query).Scan(&origin)
	return origin, interpret("postgres.Origin", err)
}
