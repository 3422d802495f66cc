package postgres

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// citusFunctions replace those of the migrations that Citus cannot run.
//
//go:embed citus.sql
var citusFunctions string

// Distribute spreads the templates over the nodes of a Citus cluster by face and
// puts everything else on each of them; docs/scale.md says why. A database that is
// distributed only gets its functions anew, which a migration may have replaced. It
// returns Unavailable where the schema is not the latest, where Citus is not
// installed, where the coordinator is not among its nodes, and where Citus refuses.
func (d *DB) Distribute(ctx context.Context) error {
	if err := d.RequireSchema(ctx); err != nil {
		return err
	}
	distributed, err := d.distributed(ctx)
	if err != nil {
		return err
	}
	return d.inTx(ctx, "postgres.Distribute", func(tx pgx.Tx) error {
		// A role of the name visage would else have the schema visage first.
		statements := []string{`SET LOCAL search_path = public`, citusFunctions}
		if !distributed {
			more, err := distribution(ctx, tx)
			if err != nil {
				return err
			}
			statements = append(statements, more...)
		}
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return citusError(statement, err)
			}
		}
		return nil
	})
}

// Distributed says whether the templates are spread over a Citus cluster.
func (d *DB) Distributed(ctx context.Context) (bool, error) {
	if !d.citus.Load() {
		return false, nil
	}
	const query = `SELECT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = to_regclass('visage.embeddings'))`
	var distributed bool
	err := d.pool.QueryRow(ctx, query).Scan(&distributed)
	return distributed, interpret("postgres.Distributed", err)
}

// distributed is Distributed, and returns Unavailable where the cluster is not
// ready for it.
func (d *DB) distributed(ctx context.Context) (bool, error) {
	if !d.citus.Load() {
		return false, face.Errorf(face.Unavailable, "the database has no Citus: add citus to shared_preload_libraries on every node, run CREATE EXTENSION citus and CREATE EXTENSION vector there, add the nodes, and see docs/scale.md; or leave --citus out")
	}
	const query = `SELECT EXISTS (SELECT FROM pg_dist_node WHERE groupid = 0)`
	var listed bool
	if err := d.pool.QueryRow(ctx, query).Scan(&listed); err != nil {
		return false, interpret("postgres.Distribute", err)
	}
	if !listed {
		return false, face.Errorf(face.Unavailable, "Citus does not know its coordinator, without which the tables that each node has cannot be joined: run SELECT citus_set_coordinator_host('<its name>', 5432) and try again")
	}
	return d.Distributed(ctx)
}

func citusError(statement string, err error) error {
	if lostRace(err) {
		return err
	}
	return face.Wrap(face.Unavailable, interpret("postgres.Distribute", err), "Citus refuses, and nothing was changed: %s", statement)
}

// distribution is what spreads the tables, as statements of one transaction. Foreign
// keys go first and come back last: between a table that Citus has and one that it
// has not they would make it convert tables by itself, in an order of its own.
func distribution(ctx context.Context, tx pgx.Tx) ([]string, error) {
	const ours = `
		SELECT relname FROM pg_class
		WHERE relnamespace = 'visage'::regnamespace AND relkind = 'r' AND NOT relispartition AND relname <> 'schema_migrations'
		ORDER BY relname`
	const keys = `
		SELECT format('ALTER TABLE visage.%I DROP CONSTRAINT %I', c.relname, k.conname),
		       format('ALTER TABLE visage.%I ADD CONSTRAINT %I %s', c.relname, k.conname, pg_get_constraintdef(k.oid))
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		WHERE k.connamespace = 'visage'::regnamespace AND k.contype = 'f' AND k.conparentid = 0
		ORDER BY c.relname, k.conname`
	if _, err := tx.Exec(ctx, `SET LOCAL search_path = public`); err != nil {
		return nil, err
	}
	// Citus takes identity columns of type bigint only; visage.add_space counts.
	before := []string{
		`SET LOCAL citus.multi_shard_modify_mode = 'sequential'`,
		`ALTER TABLE visage.spaces ALTER id DROP IDENTITY IF EXISTS`,
	}
	var after []string
	var drop, add string
	rows, _ := tx.Query(ctx, keys)
	if _, err := pgx.ForEachRow(rows, []any{&drop, &add}, func() error {
		before, after = append(before, drop), append(after, add)
		return nil
	}); err != nil {
		return nil, err
	}
	rows, _ = tx.Query(ctx, ours)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		before = append(before, fmt.Sprintf(`SELECT create_reference_table('visage.%s')`, table))
	}
	before = append(before, `SELECT create_distributed_table('visage.embeddings', 'face_id')`)
	for _, setting := range []string{"hnsw.ef_search = 200", "hnsw.iterative_scan = relaxed_order"} {
		after = append(after, fmt.Sprintf(`SELECT run_command_on_workers(format('ALTER DATABASE %%I SET %s', current_database()))`, setting))
	}
	return append(before, after...), nil
}

// queueSettings queues what makes settings hold for the rest of a batch, and returns
// what ends the transaction, empty where the batch is one by itself. Citus hands on
// to its workers what SET LOCAL says in a transaction block, and nothing else.
func (d *DB) queueSettings(pending *pgx.Batch, settings map[string]string) (end string) {
	if !d.citus.Load() {
		const apply = `SELECT set_config(s.name, s.value, true) FROM unnest($1::text[], $2::text[]) AS s (name, value)`
		var names, values []string
		for name, value := range settings {
			names, values = append(names, name), append(values, value)
		}
		pending.Queue(apply, names, values)
		return ""
	}
	pending.Queue(`BEGIN`)
	pending.Queue(`SET LOCAL citus.propagate_set_commands = 'local'`)
	for name, value := range settings {
		pending.Queue(fmt.Sprintf(`SET LOCAL %s = '%s'`, name, value))
	}
	return `COMMIT`
}
