package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// Sample returns up to n templates of a gallery in a space, those of identities with
// several templates first, in an order that is chosen by the seed. It returns NotFound
// for an unknown gallery or space.
func (d *DB) Sample(ctx context.Context, gallery string, space face.Space, n int, seed int64) ([]face.Candidate, error) {
	return reading(ctx, d, func(ctx context.Context, on *DB) ([]face.Candidate, error) {
		return on.sample(ctx, gallery, space, n, seed)
	})
}

func (d *DB) sample(ctx context.Context, gallery string, space face.Space, n int, seed int64) ([]face.Candidate, error) {
	id, err := d.knownSpace(ctx, space)
	if err != nil {
		return nil, err
	}
	held, err := d.galleryID(ctx, gallery)
	if err != nil {
		return nil, err
	}
	const query = `
		SELECT c.face_id::text, coalesce(p.name, ''), e.embedding
		FROM (SELECT h.face_id, h.identity_id, h.templates, hashtextextended(h.face_id::text, $4) AS lot
		      FROM (SELECT e.face_id, f.identity_id, count(f.identity_id) OVER (PARTITION BY f.identity_id) AS templates
		            FROM visage.embeddings e JOIN visage.faces f ON f.id = e.face_id
		            WHERE e.space_id = $1 AND e.gallery_id = $2) h
		      ORDER BY templates > 1 DESC, lot, h.face_id LIMIT $3) c
		JOIN visage.embeddings e ON e.space_id = $1 AND e.face_id = c.face_id
		LEFT JOIN visage.identities p ON p.id = c.identity_id
		ORDER BY c.templates > 1 DESC, c.lot, c.face_id`
	rows, _ := d.pool.Query(ctx, query, id, held, n, seed)
	probes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (face.Candidate, error) {
		var c face.Candidate
		var vector pgvector.Vector
		err := row.Scan(&c.FaceID, &c.Identity, &vector)
		c.Vector = vector.Slice()
		return c, err
	})
	return probes, interpret("postgres.Sample", err)
}

// LargestGallery returns the name of the gallery that has most templates in a
// space, and whether they are too many for a search to compare them all. It returns
// NotFound for an unknown space and where there are none.
func (d *DB) LargestGallery(ctx context.Context, space face.Space) (name string, large bool, err error) {
	name, err = reading(ctx, d, func(ctx context.Context, on *DB) (found string, err error) {
		found, large, err = on.largestGallery(ctx, space)
		return found, err
	})
	return name, large, err
}

func (d *DB) largestGallery(ctx context.Context, space face.Space) (name string, large bool, err error) {
	id, err := d.knownSpace(ctx, space)
	if err != nil {
		return "", false, err
	}
	const query = `
		SELECT g.name, h.templates > $2 FROM visage.galleries g
		JOIN (SELECT gallery_id, count(*) AS templates FROM visage.embeddings WHERE space_id = $1 GROUP BY 1) h ON h.gallery_id = g.id
		ORDER BY h.templates DESC, g.name LIMIT 1`
	err = d.pool.QueryRow(ctx, query, id, d.exactRows).Scan(&name, &large)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, face.Errorf(face.NotFound, "space %s has no templates: there is nothing to search for", space.Name())
	}
	return name, large, interpret("postgres.LargestGallery", err)
}

// NearestAt is Nearest through the index with the given ef_search, for measuring; it
// ranks no more candidates than that. It returns NotFound where there is no index for
// the metric, and else what Nearest returns.
func (d *DB) NearestAt(ctx context.Context, q face.Query, efSearch int) ([]face.Candidate, error) {
	return reading(ctx, d, func(ctx context.Context, on *DB) ([]face.Candidate, error) { return on.nearestAt(ctx, q, efSearch) })
}

func (d *DB) nearestAt(ctx context.Context, q face.Query, efSearch int) ([]face.Candidate, error) {
	w := wanted{Query: q, probes: [][]float32{q.Probe}}
	if err := checkQuery(q, w.probes); err != nil {
		return nil, err
	}
	at, err := d.locate(ctx, q)
	if err != nil {
		return nil, err
	}
	if of := family(q.Metric, at.unit); !at.indexed(of) {
		return nil, face.Errorf(face.NotFound, "space %s has no index for %s that can be used, and is searched exactly: visage index build makes one", q.Space.Name(), of)
	}
	answers, err := d.answers(ctx, &pgx.Batch{}, approximately(at, w, 0, effort{efSearch: efSearch}), w.probes)
	if err != nil {
		return nil, err
	}
	return answers[0].Candidates, nil
}

// StoreRecall keeps a curve that was measured, in place of an earlier one of the
// same space and index. It returns NotFound for an unknown space.
func (d *DB) StoreRecall(ctx context.Context, space face.Space, curve face.RecallCurve) error {
	id, err := d.knownSpace(ctx, space)
	if err != nil {
		return err
	}
	const add = `
		INSERT INTO visage.recall (space_id, metric, ef_search, k, recall, mate_recall, promise, probes, rows, state, measured_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	err = d.inTx(ctx, "postgres.StoreRecall", func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, forgetRecall, id, string(curve.Metric)); err != nil {
			return err
		}
		for _, p := range curve.Points {
			_, err := tx.Exec(ctx, add, id, string(curve.Metric), p.EfSearch, curve.K, p.Recall, p.MateRecall, p.Promise,
				curve.Probes, curve.Rows, curve.State, curve.MeasuredAt)
			if err != nil {
				return err
			}
		}
		return nil
	})
	d.curves.Delete(curveOf{id, curve.Metric})
	return err
}

const forgetRecall = `DELETE FROM visage.recall WHERE space_id = $1 AND metric = $2`

// forget removes what was measured of an index that is gone or built anew.
func (d *DB) forget(ctx context.Context, space int32, family face.Metric) error {
	_, err := d.pool.Exec(ctx, forgetRecall, space, string(family))
	d.curves.Delete(curveOf{space, family})
	return err
}

// recall reads the curve of a space's index; one without points was not measured.
func (d *DB) recall(ctx context.Context, of curveOf) (face.RecallCurve, error) {
	const query = `
		SELECT ef_search, recall, mate_recall, promise, k, probes, rows, state, measured_at
		FROM visage.recall WHERE space_id = $1 AND metric = $2 ORDER BY ef_search`
	rows, _ := d.pool.Query(ctx, query, of.space, string(of.family))
	curve := face.RecallCurve{Metric: of.family}
	var p face.RecallPoint
	into := []any{&p.EfSearch, &p.Recall, &p.MateRecall, &p.Promise, &curve.K, &curve.Probes, &curve.Rows, &curve.State, &curve.MeasuredAt}
	_, err := pgx.ForEachRow(rows, into, func() error {
		curve.Points = append(curve.Points, p)
		p = face.RecallPoint{}
		return nil
	})
	return curve, interpret("postgres.recall", err)
}
