package postgres

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

const (
	// exactRows is up to how many templates are all compared: it takes
	// milliseconds, about as long as the index, and misses nobody.
	exactRows = 10_000
	// leastEfSearch is how many nodes an index search keeps at least where nobody
	// measured its recall. At pgvector's default of 40 a quarter of the mates among
	// faces are missed.
	leastEfSearch = 200
	// mostEfSearch is pgvector's own limit.
	mostEfSearch = 1_000
	// mostFromIndex is the longest list that the index is asked for; longer
	// ones are searched exactly.
	mostFromIndex = (mostEfSearch - spareCandidates) / 2
	// spareCandidates are taken beyond twice the limit, because the index
	// ranks by half precision.
	spareCandidates = 40
)

// Nearest returns up to q.Limit candidates, each with its vector as stored,
// nearest to q.Probe first by q.Metric, equal distances in the order of their
// face ids. Small galleries and spaces without an index for the metric are
// searched exactly; so is everything with q.Exact. Where the recall of the index was
// measured, it is searched as hard as q.MinRecall takes, and exactly where that is
// not enough. The plan says what was done.
//
// It returns NotFound for an unknown gallery or space, Mismatch for a probe of
// other dimensions than the space, Invalid for a limit below 1, an unknown
// metric, a recall that is no share or a probe that is zero or not finite, and
// Cancelled or Unavailable.
func (d *DB) Nearest(ctx context.Context, q face.Query) ([]face.Candidate, face.Plan, error) {
	if err := checkQuery(q); err != nil {
		return nil, face.Plan{}, err
	}
	at, err := d.locate(ctx, q)
	if err != nil {
		return nil, face.Plan{}, err
	}
	if q.Exact || q.MinRecall == 1 || !at.indexed(family(q.Metric, at.unit)) || q.Limit > mostFromIndex {
		return d.exactly(ctx, at, q)
	}
	found, err := d.measure(ctx, at)
	switch {
	case err != nil:
		return nil, face.Plan{}, err
	case !found.large:
		return d.exactlyOver(ctx, at, q, found.rows)
	}
	how, err := d.effort(ctx, at, q)
	switch {
	case err != nil:
		return nil, face.Plan{}, err
	case how.exact:
		return d.exactly(ctx, at, q)
	default:
		return d.approximately(ctx, at, q, found.rows, how)
	}
}

// checkQuery returns Invalid or Mismatch for a query that has no answer.
func checkQuery(q face.Query) error {
	if q.Limit < 1 {
		return face.Errorf(face.Invalid, "a limit of %d candidates: it must be at least 1", q.Limit)
	}
	if _, err := face.ParseMetric(string(q.Metric)); err != nil {
		return err
	}
	if err := face.CheckRecall(q.MinRecall); err != nil {
		return err
	}
	if len(q.Probe) != q.Space.Dim {
		return face.Errorf(face.Mismatch, "the probe has %d components, but space %s has %d", len(q.Probe), q.Space.Name(), q.Space.Dim)
	}
	if length := norm(q.Probe); !(length > 0) || math.IsInf(length, 0) {
		return face.Errorf(face.Invalid, "the probe has length %g: it has no direction to compare", length)
	}
	return nil
}

// exactly compares the probe with every template of the region.
func (d *DB) exactly(ctx context.Context, at region, q face.Query) ([]face.Candidate, face.Plan, error) {
	rows, err := d.count(ctx, at)
	if err != nil {
		return nil, face.Plan{}, err
	}
	return d.exactlyOver(ctx, at, q, rows)
}

func (d *DB) exactlyOver(ctx context.Context, at region, q face.Query, rows int64) ([]face.Candidate, face.Plan, error) {
	query := fmt.Sprintf(`
		SELECT c.face_id::text, who.identity, who.path, who.x1, who.y1, who.x2, who.y2, c.embedding
		FROM (SELECT e.face_id, e.embedding, e.embedding %[2]s $1 AS distance FROM visage.embeddings_%[1]d e
		      WHERE e.gallery_id = $2 ORDER BY 3, 1 LIMIT $3) c`+withNames, at.space, operator(q.Metric))
	found, err := d.candidates(ctx, exactSettings(), query, pgvector.NewVector(q.Probe), at.gallery, q.Limit)
	return found, face.Plan{Plan: face.PlanExact, Rows: rows, Complete: true}, err
}

// approximately takes candidates from the index and ranks them by their stored
// vectors. Where the index gives fewer than were asked for, which a small part
// of a large space can do, everything is compared.
func (d *DB) approximately(ctx context.Context, at region, q face.Query, rows int64, how effort) ([]face.Candidate, face.Plan, error) {
	plan := face.Plan{Plan: face.PlanHNSW, EfSearch: how.efSearch, Rows: rows, EstimatedRecall: how.recall}
	found, err := d.candidates(ctx, indexSettings(plan.EfSearch), indexQuery(at, q.Metric),
		pgvector.NewVector(q.Probe), at.gallery, q.Limit, reach(q.Limit))
	if err == nil && len(found) < q.Limit {
		return d.exactly(ctx, at, q)
	}
	return found, plan, err
}

// indexQuery is the search of a region through its index.
func indexQuery(at region, metric face.Metric) string {
	return fmt.Sprintf(`
		SELECT c.face_id::text, who.identity, who.path, who.x1, who.y1, who.x2, who.y2, c.embedding
		FROM (SELECT n.face_id, n.embedding, n.embedding %[2]s $1 AS distance FROM (
		          SELECT e.face_id, e.embedding FROM visage.embeddings_%[1]d e WHERE e.gallery_id = $2
		          ORDER BY e.embedding::halfvec(%[3]d) %[4]s $1::vector::halfvec LIMIT $4) n
		      ORDER BY 3, 1 LIMIT $3) c`+withNames, at.space, operator(metric), at.dim, shapeOf(family(metric, at.unit)).operator)
}

// withNames adds what is known of the candidates c. OFFSET 0 keeps the planner
// from doing so before their number is cut.
const withNames = `
		CROSS JOIN LATERAL (
			SELECT coalesce(p.name, '') AS identity, i.path, f.x1, f.y1, f.x2, f.y2
			FROM visage.faces f
			JOIN visage.images i ON i.id = f.image_id
			LEFT JOIN visage.identities p ON p.id = f.identity_id
			WHERE f.id = c.face_id OFFSET 0) who
		ORDER BY c.distance, c.face_id`

// operator is pgvector's distance that ranks like the metric: cosine,
// euclidean_l2 and angular rank alike.
func operator(metric face.Metric) string {
	if metric == face.Euclidean {
		return "<->"
	}
	return "<=>"
}

// exactSettings hold for one transaction: compiling a query takes longer than
// most searches.
func exactSettings() map[string]string { return map[string]string{"jit": "off"} }

// indexSettings hold for one transaction. Without sequential scans and sorting
// the planner has only the HNSW index, whatever it thinks of it; the scan goes
// on where the gallery filter drops too many.
func indexSettings(efSearch int) map[string]string {
	settings := exactSettings()
	for _, off := range []string{"enable_seqscan", "enable_bitmapscan", "enable_sort"} {
		settings[off] = "off"
	}
	settings["hnsw.ef_search"] = strconv.Itoa(efSearch)
	settings["hnsw.iterative_scan"] = "relaxed_order"
	return settings
}

// candidates runs a search under settings of its own, in one transaction and
// one round trip: a batch without BEGIN is a transaction.
func (d *DB) candidates(ctx context.Context, settings map[string]string, query string, args ...any) ([]face.Candidate, error) {
	const apply = `SELECT set_config(s.name, s.value, true) FROM unnest($1::text[], $2::text[]) AS s (name, value)`
	var found []face.Candidate
	var pending pgx.Batch
	var names, values []string
	for name, value := range settings {
		names, values = append(names, name), append(values, value)
	}
	pending.Queue(apply, names, values)
	pending.Queue(query, args...).Query(func(rows pgx.Rows) (err error) {
		found, err = pgx.CollectRows(rows, scanCandidate)
		return err
	})
	err := d.pool.SendBatch(ctx, &pending).Close()
	return found, interpret("postgres.Nearest", err)
}

func scanCandidate(row pgx.CollectableRow) (face.Candidate, error) {
	var c face.Candidate
	var vector pgvector.Vector
	err := row.Scan(&c.FaceID, &c.Identity, &c.Image, &c.Box.X1, &c.Box.Y1, &c.Box.X2, &c.Box.Y2, &vector)
	c.Vector = vector.Slice()
	return c, err
}
