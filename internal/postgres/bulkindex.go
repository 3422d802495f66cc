package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

const (
	// mostIndexed is the most dimensions that pgvector's HNSW takes as halfvec; see
	// bits.go for more.
	mostIndexed = 4_000
	// indexPoll is the time between two looks at how far a build is.
	indexPoll = 250 * time.Millisecond
)

// dropIdleIndex drops the cosine index of a space that is empty, and one that is
// unusable, and says whether the space is without one now. An index for raw
// euclidean, which only some spaces have, stays.
func (d *DB) dropIdleIndex(ctx context.Context, space int32, dim int) (unindexed bool, err error) {
	const find = `
		SELECT c.relname, i.indisvalid AND EXISTS (SELECT FROM visage.embeddings WHERE space_id = $1)
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam JOIN pg_opclass o ON o.oid = i.indclass[0]
		WHERE i.indrelid = to_regclass('visage.embeddings_' || $1::int) AND a.amname = 'hnsw' AND o.opcname IN (` + cosineClasses + `)`
	err = d.inTx(ctx, "postgres.BeginImport", func(tx pgx.Tx) error {
		unindexed = true
		rows, _ := tx.Query(ctx, find, space)
		idle := []string{}
		var name string
		var needed bool
		_, err := pgx.ForEachRow(rows, []any{&name, &needed}, func() error {
			if needed {
				unindexed = false
			} else {
				idle = append(idle, name)
			}
			return nil
		})
		for _, name := range idle {
			if err == nil {
				_, err = tx.Exec(ctx, `DROP INDEX IF EXISTS `+pgx.Identifier{"visage", name}.Sanitize())
			}
		}
		return err
	})
	if err == nil && unindexed && wide(dim) {
		err = d.dropBits(ctx, space)
	}
	return unindexed, err
}

// Finish builds the index that the space is without, and tells how far that is,
// in blocks of the table. It returns whether there was one to build, which there is
// not for fewer templates than LeastTemplates. While it is built the space can be
// searched but not added to.
func (im *Import) Finish(ctx context.Context, progress func(done, total int64)) (built bool, err error) {
	const op = "postgres.Finish"
	const enough = `SELECT count(*) >= $2 FROM (SELECT FROM visage.embeddings WHERE space_id = $1 LIMIT $2) few`
	if !im.unindexed {
		return false, nil
	}
	if err := im.db.pool.QueryRow(ctx, enough, im.id, LeastTemplates(im.space.Dim)).Scan(&built); err != nil || !built {
		return false, interpret(op, err)
	}
	conn, err := im.db.pool.Acquire(ctx)
	if err != nil {
		return false, interpret(op, err)
	}
	defer conn.Release()
	watched, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		im.db.watchIndex(watched, conn.Conn().PgConn().PID(), progress)
	}()
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return buildIndex(ctx, tx, im.id, im.space.Dim) })
	cancel()
	<-ended
	if err == nil {
		err = im.db.forget(ctx, im.id, face.Cosine)
	}
	if err == nil && wide(im.space.Dim) {
		err = im.db.renewNearest(ctx)
	}
	if err == nil { // searches ask the planner's statistics how large a gallery is
		_, err = conn.Exec(ctx, `ANALYZE visage.`+partition(im.id))
	}
	return err == nil, interpret(op, err)
}

// buildIndex makes the index of a space as visage.add_space does, unless it is
// there by now: imports that end at once take turns. pgvector before 0.8.2 must
// not build in parallel (CVE-2026-3172).
func buildIndex(ctx context.Context, tx pgx.Tx, space int32, dim int) error {
	const lock = `SELECT extversion, pg_advisory_xact_lock(hashtextextended('visage.index', $1)) FROM pg_extension WHERE extname = 'vector'`
	const known = `SELECT to_regclass('visage.' || $1) IS NOT NULL`
	var version string
	var there bool
	err := tx.QueryRow(ctx, lock, space).Scan(&version, nil)
	if err == nil { // a statement of its own, which sees what was done by the one before in turn
		err = tx.QueryRow(ctx, known, indexName(space, face.Cosine)).Scan(&there)
	}
	if err == nil && older(version, "0.8.2") {
		_, err = tx.Exec(ctx, `SET LOCAL max_parallel_maintenance_workers = 0`)
	}
	if err == nil && !there && wide(dim) {
		err = makeBits(ctx, tx, space, dim)
	}
	if err == nil && !there {
		_, err = tx.Exec(ctx, `CREATE INDEX `+IndexSettings{Metric: face.Cosine}.withDefaults().definition(space, dim))
	}
	return err
}

// watchIndex tells of a build by another connection until ctx ends. Where it
// cannot be asked about, nothing is told.
func (d *DB) watchIndex(ctx context.Context, pid uint32, progress func(done, total int64)) {
	const query = `SELECT blocks_done, blocks_total FROM pg_stat_progress_create_index WHERE pid = $1 AND blocks_total > 0`
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(indexPoll):
		}
		var done, total int64
		if err := d.pool.QueryRow(ctx, query, pid).Scan(&done, &total); err == nil {
			progress(done, total)
		}
	}
}

// SpaceSize is what the templates of a space take on disk, in bytes. Their
// faces and photographs are in tables that all spaces share.
type SpaceSize struct {
	Templates int64 `json:"templates"`
	Table     int64 `json:"table_bytes"`
	Index     int64 `json:"index_bytes"` // of the search
	Keys      int64 `json:"keys_bytes"`  // of the other indexes
}

// SpaceSize measures a space. It returns NotFound for an unknown one.
func (d *DB) SpaceSize(ctx context.Context, space face.Space) (SpaceSize, error) {
	const query = `
		SELECT (SELECT count(*) FROM visage.embeddings e WHERE e.space_id = s.id), pg_table_size(t.oid), coalesce(x.bytes, 0),
		       pg_indexes_size(t.oid) - coalesce(x.bytes, 0)
		FROM visage.spaces s
		JOIN pg_class t ON t.oid = to_regclass('visage.embeddings_' || s.id)
		LEFT JOIN LATERAL (
			SELECT sum(pg_relation_size(c.oid))::bigint AS bytes
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
			WHERE i.indrelid = t.oid AND a.amname = 'hnsw') x ON true
		WHERE s.name = $1`
	var size SpaceSize
	err := d.pool.QueryRow(ctx, query, space.Name()).Scan(&size.Templates, &size.Table, &size.Index, &size.Keys)
	if errors.Is(err, pgx.ErrNoRows) {
		return size, d.unknownSpace(ctx, space.Name())
	}
	return size, interpret("postgres.SpaceSize", err)
}
