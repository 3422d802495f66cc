package postgres

import (
	"context"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// effort is how hard a search through an index looks.
type effort struct {
	exact    bool // the index cannot keep the promise
	efSearch int
	recall   float64 // that is expected; 0 where nobody knows
}

// curveOf names the index that a curve was measured on.
type curveOf struct {
	space  int32
	family face.Metric
}

// knownCurve is a curve, which may be without points, as it is remembered.
type knownCurve struct {
	face.RecallCurve
	stale bool
	until time.Time
}

// curveAge is how long a search trusts the curve that it read.
const curveAge = time.Minute

// reach is how many candidates the index is asked for.
func reach(limit int) int { return 2*limit + spareCandidates }

// effort says how hard the index has to be searched for the recall that is asked
// for.
func (d *DB) effort(ctx context.Context, at region, q face.Query) (effort, error) {
	curve, err := d.curve(ctx, curveOf{at.space, family(q.Metric, at.unit)})
	if q.MinRecall == 0 {
		q.MinRecall = face.DefaultMinRecall
	}
	return curve.effort(q.MinRecall, reach(q.Limit)), err
}

// effort chooses the smallest ef_search of the curve that promises the recall, and no
// less than the candidates that are asked for. A stale curve promises too much: the
// next higher ef_search is taken, and nothing promised. Without a curve it is
// leastEfSearch.
func (c knownCurve) effort(minRecall float64, least int) effort {
	if len(c.Points) == 0 {
		return effort{efSearch: max(leastEfSearch, least)}
	}
	n := 0
	for n < len(c.Points) && c.Points[n].Promise < minRecall {
		n++
	}
	if c.stale {
		n++
	}
	if n >= len(c.Points) {
		return effort{exact: true}
	}
	how := effort{efSearch: max(c.Points[n].EfSearch, least)}
	if !c.stale {
		for _, p := range c.Points[n:] {
			if p.EfSearch <= how.efSearch {
				how.recall = p.Estimate()
			}
		}
	}
	return how
}

// curve returns the curve of an index, as it was up to a minute ago.
func (d *DB) curve(ctx context.Context, of curveOf) (knownCurve, error) {
	if known, ok := d.curves.Load(of); ok && time.Now().Before(known.(knownCurve).until) {
		return known.(knownCurve), nil
	}
	curve, err := d.recall(ctx, of)
	if err != nil {
		return knownCurve{}, err
	}
	known := knownCurve{RecallCurve: curve, until: time.Now().Add(curveAge)}
	if len(curve.Points) > 0 {
		rows, err := d.estimate(ctx, of.space)
		if err != nil {
			return knownCurve{}, err
		}
		known.stale = curve.Stale(rows)
	}
	d.curves.Store(of, known)
	return known, nil
}

// estimate is about how many templates a space has: as many per page as when the
// planner's statistics were made, on the pages that there are now. A table without
// statistics is counted.
func (d *DB) estimate(ctx context.Context, space int32) (rows int64, err error) {
	const query = `
		SELECT CASE WHEN c.reltuples > 0 AND c.relpages > 0
		       THEN (c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::int))::bigint
		       ELSE (SELECT count(*) FROM visage.embeddings WHERE space_id = $1) END
		FROM pg_class c WHERE c.oid = to_regclass('visage.embeddings_' || $1::int)`
	err = d.pool.QueryRow(ctx, query, space).Scan(&rows)
	return rows, interpret("postgres.Nearest", err)
}
