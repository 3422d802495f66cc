package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// IndexState is what a space's index of a metric is like now: the mark changes where
// the index is built anew, by whomever, and where its table is vacuumed, which mends
// and changes the graph. It returns NotFound for an unknown space.
func (d *DB) IndexState(ctx context.Context, space face.Space, metric face.Metric) (s face.IndexState, err error) {
	id, err := d.knownSpace(ctx, space)
	if err != nil {
		return s, err
	}
	if s.Mark, err = d.mark(ctx, id, Family(metric, space)); err != nil {
		return s, err
	}
	err = d.pool.QueryRow(ctx, `SELECT count(*) FROM visage.embeddings WHERE space_id = $1`, id).Scan(&s.Rows)
	return s, interpret("postgres.IndexState", err)
}

// mark is IndexState's, empty without an index.
func (d *DB) mark(ctx context.Context, space int32, family face.Metric) (mark string, err error) {
	const query = `
		SELECT coalesce(pg_relation_filenode(to_regclass('visage.' || $2)) || '/' || (pg_stat_get_vacuum_count(t.id) + pg_stat_get_autovacuum_count(t.id)), '')
		FROM (SELECT to_regclass('visage.' || $1)::oid AS id) t`
	err = d.pool.QueryRow(ctx, query, partition(space), indexName(space, family)).Scan(&mark)
	return mark, interpret("postgres.IndexState", err)
}

// Measured returns the indexes that searches can go through: those of spaces with
// more templates than are all compared. Rows are estimated.
func (d *DB) Measured(ctx context.Context) ([]face.MeasuredIndex, error) {
	const query = `SELECT id, recognizer, weights, profile, detector, dim, unit FROM visage.spaces ORDER BY name`
	type known struct {
		id int32
		in face.Space
	}
	rows, _ := d.pool.Query(ctx, query)
	spaces, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s known, err error) {
		return s, row.Scan(&s.id, &s.in.Recognizer, &s.in.Weights, &s.in.Profile, &s.in.Detector, &s.in.Dim, &s.in.Unit)
	})
	if err != nil {
		return nil, interpret("postgres.Measured", err)
	}
	var all []face.MeasuredIndex
	for _, s := range spaces {
		size, err := d.estimate(ctx, s.id)
		if err != nil {
			return nil, err
		}
		if size <= d.exactRows {
			continue
		}
		of, err := d.measuredOf(ctx, s.id, face.MeasuredIndex{Space: s.in, IndexState: face.IndexState{Rows: size}})
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

// measuredOf are the indexes of one space that can be used.
func (d *DB) measuredOf(ctx context.Context, space int32, m face.MeasuredIndex) ([]face.MeasuredIndex, error) {
	indexes, err := d.indexesOf(ctx, space)
	if err != nil {
		return nil, err
	}
	var all []face.MeasuredIndex
	for _, i := range indexes {
		if !i.Valid {
			continue
		}
		m.Metric = i.Metric
		if m.Mark, err = d.mark(ctx, space, i.Metric); err != nil {
			return nil, err
		}
		if m.Recall, err = d.recall(ctx, curveOf{space, i.Metric}); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// MeasureAlone runs measure while no other process of the same database does, and
// says whether it did. The lock goes with its connection where that is lost.
func (d *DB) MeasureAlone(ctx context.Context, measure func(context.Context) error) (alone bool, err error) {
	const op = "postgres.MeasureAlone"
	acquired, err := d.pool.Acquire(ctx)
	if err != nil {
		return false, interpret(op, err)
	}
	conn := acquired.Hijack() // measuring may need all that the pool has
	defer letGo(ctx, conn)
	err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended('visage.index.recall', 0))`).Scan(&alone)
	if err != nil || !alone {
		return false, interpret(op, err)
	}
	return true, measure(ctx)
}
