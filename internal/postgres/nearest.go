package postgres

import (
	"context"
	"errors"
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
// face ids. Small galleries, filters that leave few templates and spaces without an
// index for the metric are searched exactly; so is everything with q.Exact. Where the
// recall of the index was measured, it is searched as hard as q.MinRecall takes, and
// exactly where that is not enough. The plan says what was done.
//
// It returns NotFound for an unknown gallery, space or identity of the filter,
// Mismatch for a probe of other dimensions than the space, Invalid for a limit
// below 1 or above face.MostCandidates, an unknown metric, a recall that is no
// share, a filter for metadata that is no JSON object or a probe that is zero or
// not finite, and Cancelled or Unavailable.
func (d *DB) Nearest(ctx context.Context, q face.Query) ([]face.Candidate, face.Plan, error) {
	answers, err := d.NearestAll(ctx, q, [][]float32{q.Probe})
	if err != nil {
		return nil, face.Plan{}, err
	}
	return answers[0].Candidates, answers[0].Plan, nil
}

// NearestAll is Nearest for several probes at once, which take the place of
// q.Probe; see search.Gallery.
func (d *DB) NearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	if q.Least > 0 { // a replica may not have come so far
		return d.nearestAll(ctx, q, probes)
	}
	return reading(ctx, d, func(ctx context.Context, on *DB) ([]face.Answer, error) { return on.nearestAll(ctx, q, probes) })
}

func (d *DB) nearestAll(ctx context.Context, q face.Query, probes [][]float32) ([]face.Answer, error) {
	if err := checkQuery(q, probes); err != nil {
		return nil, err
	}
	for {
		answers, err := d.nearestOnce(ctx, wanted{Query: q, probes: probes})
		if !errors.Is(err, errMoved) {
			return answers, err
		}
	}
}

// nearestOnce returns errMoved where the region was remembered wrongly, which it is
// not any more the next time.
func (d *DB) nearestOnce(ctx context.Context, w wanted) ([]face.Answer, error) {
	at, remembered, err := d.whereabouts(ctx, w.Query)
	if err != nil {
		return nil, err
	}
	if w.filter, err = d.lookUp(ctx, w.Query, at.gallery); err != nil {
		return nil, err
	}
	s, err := d.choose(ctx, at, w)
	if err != nil {
		return nil, err
	}
	var pending pgx.Batch
	if remembered {
		check(&pending, w.Query, at)
	}
	answers, err := d.answers(ctx, &pending, s, w.probes)
	if err != nil {
		d.regions.Delete(nameOf(w.Query))
	}
	switch {
	case undefinedFunction(err) && remembered: // the index was dropped, and with it the function
		return nil, errMoved
	case undefinedFunction(err):
		return d.compareAll(ctx, at, w)
	case err != nil || s.Plan.Complete:
		return answers, err
	default:
		return answers, d.fill(ctx, at, w, answers)
	}
}

// compareAll searches exactly.
func (d *DB) compareAll(ctx context.Context, at region, w wanted) ([]face.Answer, error) {
	s, err := d.exactly(ctx, at, w)
	if err != nil {
		return nil, err
	}
	return d.answers(ctx, &pgx.Batch{}, s, w.probes)
}

// choose says how the region is searched.
func (d *DB) choose(ctx context.Context, at region, w wanted) (Statement, error) {
	if w.Exact || w.MinRecall == 1 || !at.indexed(family(w.Metric, at.unit)) || w.Limit > mostFromIndex {
		return d.exactly(ctx, at, w)
	}
	found, err := d.measure(ctx, at, w.filter)
	switch {
	case err != nil:
		return Statement{}, err
	case !found.large:
		return exactlyOver(at, w, found.rows), nil
	}
	how, err := d.effort(ctx, at, w.Query)
	switch {
	case err != nil:
		return Statement{}, err
	case how.exact:
		return d.exactly(ctx, at, w)
	default:
		return approximately(at, w, found.rows, how), nil
	}
}

// wanted is a query with what its probes share looked up.
type wanted struct {
	face.Query
	probes [][]float32
	filter filter
}

// checkQuery returns Invalid or Mismatch for a query that has no answer.
func checkQuery(q face.Query, probes [][]float32) error {
	if q.Limit < 1 || q.Limit > face.MostCandidates {
		return face.Errorf(face.Invalid, "a limit of %d candidates: it must be from 1 to %d", q.Limit, face.MostCandidates)
	}
	if _, err := face.ParseMetric(string(q.Metric)); err != nil {
		return err
	}
	if err := face.CheckRecall(q.MinRecall); err != nil {
		return err
	}
	if len(probes) == 0 {
		return face.Errorf(face.Invalid, "there is no probe to search for")
	}
	for _, probe := range probes {
		if len(probe) != q.Space.Dim {
			return face.Errorf(face.Mismatch, "the probe has %d components, but space %s has %d", len(probe), q.Space.Name(), q.Space.Dim)
		}
		if length := norm(probe); !(length > 0) || math.IsInf(length, 0) {
			return face.Errorf(face.Invalid, "the probe has length %g: it has no direction to compare", length)
		}
	}
	return q.Filter.Check()
}

// exactly compares the probes with every template of the region that passes.
func (d *DB) exactly(ctx context.Context, at region, w wanted) (Statement, error) {
	rows, err := d.count(ctx, at, w.filter)
	return exactlyOver(at, w, rows), err
}

func exactlyOver(at region, w wanted, rows int64) Statement {
	query := fmt.Sprintf(`
		SELECT c.face_id::text, who.identity, who.path, who.x1, who.y1, who.x2, who.y2, c.embedding
		FROM (SELECT e.face_id, e.embedding, e.embedding %[2]s $1 AS distance FROM visage.embeddings_%[1]d e
		      WHERE e.gallery_id = $2%[3]s ORDER BY 3, 1 LIMIT $3) c`+withNames, at.space, operator(w.Metric), w.filter.where(4, ""))
	return Statement{
		Plan: face.Plan{Plan: face.PlanExact, Rows: rows, Complete: true}, Settings: exactSettings(),
		sql: query, args: append([]any{at.gallery, w.Limit}, w.filter.args()...), space: at.space,
	}
}

// approximately takes candidates from the index and ranks them by their stored
// vectors. Where the index gives fewer than were asked for, which a small part
// of a large space can do, everything is to be compared; see fill.
func approximately(at region, w wanted, rows int64, how effort) Statement {
	plan := face.Plan{Plan: face.PlanHNSW, EfSearch: how.efSearch, Rows: rows}
	if w.filter.empty() { // curves are measured without one
		plan.EstimatedRecall = how.recall
	}
	return Statement{
		Plan: plan, Settings: indexSettings(plan.EfSearch), sql: indexQuery(at, w),
		args: append([]any{at.gallery, w.Limit, min(how.efSearch, at.reach(w.Limit, how.efSearch))}, w.filter.args()...), space: at.space,
	}
}

// indexQuery is the search of a region through its index.
func indexQuery(at region, w wanted) string {
	scan := fmt.Sprintf(`SELECT e.face_id, e.embedding FROM visage.embeddings_%d e WHERE e.gallery_id = $2
		          ORDER BY %s %s %s`,
		at.space, indexed(at.space, at.dim, "e.embedding"), shapeOf(family(w.Metric, at.unit), at.dim).operator, indexed(at.space, at.dim, "$1::vector"))
	return fmt.Sprintf(`
		SELECT c.face_id::text, who.identity, who.path, who.x1, who.y1, who.x2, who.y2, c.embedding
		FROM (SELECT n.face_id, n.embedding, n.embedding %[2]s $1 AS distance FROM (
		          %[1]s LIMIT $4) n
		      ORDER BY 3, 1 LIMIT $3) c`+withNames, w.filter.through(scan, 5), operator(w.Metric))
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
// the planner has only the HNSW index, whatever it thinks of it, so that one plan
// serves all searches; it would make a new one for each, because it takes a limit
// that it does not know for a large one. The scan goes
// on where the gallery or the filter drops too many. pgvector must not end it
// before: it would fill up the list with whatever it came across, which can be far
// from the nearest. It visits some ten times what it gives, and remembers that in
// memory, of which it gets up to 16 times work_mem, 64 MB as Postgres comes.
func indexSettings(efSearch int) map[string]string {
	settings := exactSettings()
	for _, off := range []string{"enable_seqscan", "enable_bitmapscan", "enable_sort"} {
		settings[off] = "off"
	}
	settings["plan_cache_mode"] = "force_generic_plan"
	settings["hnsw.ef_search"] = strconv.Itoa(efSearch)
	settings["hnsw.iterative_scan"] = "relaxed_order"
	settings["hnsw.max_scan_tuples"] = strconv.Itoa(100 * filteredReach)
	settings["hnsw.scan_mem_multiplier"] = "16"
	return settings
}

func scanCandidate(row pgx.CollectableRow) (face.Candidate, error) {
	var c face.Candidate
	var vector pgvector.Vector
	err := row.Scan(&c.FaceID, &c.Identity, &c.Image, &c.Box.X1, &c.Box.Y1, &c.Box.X2, &c.Box.Y2, &vector)
	c.Vector = vector.Slice()
	return c, err
}
