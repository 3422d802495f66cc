package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/visagedb/visage/internal/face"
)

// The publications say what is followed. They are made when a program first follows and
// not by a migration, so that a database whose role may not make them, or that nobody
// follows, is migrated like any other. Templates come as changes of their partition,
// for only then does the server tell of one that is truncated. Of faces only the
// identity counts; they are erased with their templates.
const (
	templatesPublication = "visage_templates"
	facesPublication     = "visage_faces"
	createTemplates      = `CREATE PUBLICATION ` + templatesPublication + ` FOR TABLE visage.embeddings, visage.spaces`
	createFaces          = `CREATE PUBLICATION ` + facesPublication + ` FOR TABLE visage.faces (id, identity_id) WITH (publish = 'insert, update')`
)

// followable returns cannotFollow where the database is not set up for it.
func (d *DB) followable(ctx context.Context) error {
	distributed, err := d.Distributed(ctx)
	if err != nil {
		return err
	}
	if distributed {
		return cannotFollow{face.Errorf(face.Unavailable, "the templates are spread over a Citus cluster, which has no one log to follow: search in the database")}
	}
	version, dirty, err := d.MigrateVersion(ctx)
	if err != nil {
		return err
	}
	latest, err := LatestVersion()
	switch {
	case err != nil:
		return err
	case dirty:
		return face.Errorf(face.Unavailable, "a migration of the database to version %d is under way, or was cut short: see visage doctor", version)
	case version != latest:
		return cannotFollow{face.Errorf(face.Unavailable, "the database has schema version %d, this program follows only %d: run visage migrate up, or use the visage of that schema", version, latest)}
	}
	var level, kept string
	var replica bool
	const settings = `SELECT current_setting('wal_level'), current_setting('max_slot_wal_keep_size'), pg_is_in_recovery()`
	if err := d.pool.QueryRow(ctx, settings).Scan(&level, &kept, &replica); err != nil {
		return err
	}
	switch {
	case replica:
		return cannotFollow{face.Errorf(face.Unavailable, "the database is a replica, which is not followed: name its primary")}
	case level != "logical":
		return cannotFollow{face.Errorf(face.Unavailable, "the database cannot be followed with wal_level = %s: set wal_level = logical in postgresql.conf and restart the server", level)}
	case kept == "-1":
		return cannotFollow{face.Errorf(face.Unavailable, "the database is not followed without a bound on the disk that this may take: set max_slot_wal_keep_size, such as to 4GB, and reload its configuration")}
	default:
		return nil
	}
}

// ensurePublications makes the publications that are missing.
func (d *DB) ensurePublications(ctx context.Context) error {
	for name, create := range map[string]string{templatesPublication: createTemplates, facesPublication: createFaces} {
		var known bool
		if err := d.pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_publication WHERE pubname = $1)`, name).Scan(&known); err != nil {
			return err
		}
		if known {
			continue
		}
		_, err := d.pool.Exec(ctx, create)
		var refused *pgconn.PgError
		switch {
		case errors.As(err, &refused) && (refused.Code == "42710" || refused.Code == "23505"): // another program was faster
		case errors.As(err, &refused) && refused.Code == "42501":
			return cannotFollow{face.Wrap(face.Unavailable, err, "the database role may not publish the tables: let their owner, who may create in the database, run %s", create)}
		case err != nil:
			return err
		}
	}
	return nil
}

// connectReplication opens a connection that speaks the replication protocol.
func (d *DB) connectReplication(ctx context.Context) (*pgconn.PgConn, error) {
	settings := d.pool.Config().ConnConfig.Config.Copy()
	settings.RuntimeParams["replication"] = "database"
	return pgconn.ConnectConfig(ctx, settings)
}

// rightToFollow makes cannotFollow of the refusals that stay until somebody changes the
// server's settings.
func rightToFollow(err error) error {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return err
	}
	var advice string
	switch refused.Code {
	case "42501": // insufficient_privilege
		advice = "the database role may not replicate: run ALTER ROLE <role> REPLICATION as a superuser, or grant what the managed service has in its place"
	case "28000": // invalid_authorization_specification
		advice = "the server refuses connections that replicate: see its pg_hba.conf"
	case "08P01": // protocol_violation: PgBouncer knows no replication
		advice = "what the database URL names does not replicate: name the server itself, not a pooler"
	case "53400": // configuration_limit_exceeded
		advice = "the server has no free slot: raise max_replication_slots, or drop a slot that nobody reads (pg_replication_slots)"
	default:
		return err
	}
	return cannotFollow{face.Wrap(face.Unavailable, err, "%s", advice)}
}
