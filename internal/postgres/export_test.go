package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// SearchByIndex has searches like q take the index for the next hour, however
// small the gallery is. The indexes must not change meanwhile.
func (d *DB) SearchByIndex(ctx context.Context, q face.Query, rows int64) error {
	at, err := d.locate(ctx, q)
	if err == nil {
		d.sizes.Store(at, size{rows: rows, large: true, until: time.Now().Add(time.Hour)})
	}
	return err
}

// CompareUpTo has searches compare all of a region of so many templates, instead of
// 10,000. It is to be called before any search.
func (d *DB) CompareUpTo(rows int64) { d.exactRows = rows }

// PassesMuch says whether a sample of a region of so many rows shows that a query's
// filter lets much pass.
func (d *DB) PassesMuch(ctx context.Context, q face.Query, rows int64) (bool, error) {
	at, err := d.locate(ctx, q)
	if err != nil {
		return false, err
	}
	f, err := d.lookUp(ctx, q, at.gallery)
	if err != nil {
		return false, err
	}
	return d.passesMuch(ctx, at, f, rows)
}

// ExplainIndexSearch is the plan of a search through the index.
func (d *DB) ExplainIndexSearch(ctx context.Context, q face.Query) (string, error) {
	at, err := d.locate(ctx, q)
	if err != nil {
		return "", err
	}
	var lines []string
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		for name, value := range indexSettings(leastEfSearch) {
			if _, err := tx.Exec(ctx, `SELECT set_config($1, $2, true)`, name, value); err != nil {
				return err
			}
		}
		rows, _ := tx.Query(ctx, `EXPLAIN (COSTS OFF) `+indexQuery(at, wanted{Query: q}), pgvector.NewVector(q.Probe), at.gallery, q.Limit, 2*q.Limit+spareCandidates)
		lines, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return strings.Join(lines, "\n"), err
}

// IndexBytes and GraphBytes are the sizes that PlanIndex computes.
var (
	IndexBytes = indexBytes
	GraphBytes = graphBytes
)

// Distribution is what Distribute does to the tables.
func Distribution(ctx context.Context, d *DB) (statements []string, err error) {
	err = d.inTx(ctx, "", func(tx pgx.Tx) (err error) {
		statements, err = distribution(ctx, tx)
		return err
	})
	return statements, err
}

// SettingsSeen is what a query of a search sees of a setting.
func SettingsSeen(ctx context.Context, d *DB, settings map[string]string, name string) (seen string, err error) {
	var pending pgx.Batch
	end := d.queueSettings(&pending, settings)
	pending.Queue(`SELECT current_setting($1)`, name).QueryRow(func(row pgx.Row) error { return row.Scan(&seen) })
	if end != "" {
		pending.Queue(end)
	}
	return seen, d.pool.SendBatch(ctx, &pending).Close()
}
