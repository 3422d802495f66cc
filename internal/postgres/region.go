package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// region is where a search takes place: one gallery's templates in one space.
type region struct {
	space int32
	dim   int
	unit  bool
	// cosine and euclidean say whether there is a finished HNSW index of the family.
	cosine, euclidean bool
	gallery           pgtype.UUID
}

// indexed says whether the index of a family can be used.
func (r region) indexed(family face.Metric) bool {
	if family == face.Euclidean {
		return r.euclidean
	}
	return r.cosine
}

// reach is how many candidates are ranked that a search gets from an index which keeps
// efSearch nodes: bits rank so coarsely that it is all of them.
func (r region) reach(limit, efSearch int) int {
	if wide(r.dim) {
		return max(efSearch, reach(limit))
	}
	return reach(limit)
}

// size is how many templates a region holds.
type size struct {
	rows  int64
	large bool // more than exactRows; rows is an estimate then
	until time.Time
}

// sizeAge is how long a search trusts that a region is large. Counting up to
// exactRows takes about as long as the search itself.
const sizeAge = time.Minute

// locateRegion has one row, with an id of 0 or null for what there is not.
const locateRegion = `
	SELECT coalesce(s.id, 0), coalesce(s.dim, 0), coalesce(s.unit, false), g.id,
	       coalesce(x.classes && ARRAY[` + cosineClasses + `]::name[], false), coalesce('halfvec_l2_ops' = ANY (x.classes), false)
	FROM (VALUES (1)) one
	LEFT JOIN visage.spaces s ON s.name = $1
	LEFT JOIN visage.galleries g ON g.name = $2
	LEFT JOIN LATERAL (
		SELECT array_agg(o.opcname) AS classes
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
		JOIN pg_opclass o ON o.oid = i.indclass[0]
		WHERE i.indrelid = to_regclass('visage.embeddings_' || s.id) AND i.indisvalid AND a.amname = 'hnsw') x ON true`

// fields are what locateRegion returns.
func (r *region) fields() []any {
	return []any{&r.space, &r.dim, &r.unit, &r.gallery, &r.cosine, &r.euclidean}
}

// locate finds the region of a query. It returns NotFound for an unknown
// gallery or space and Mismatch where the space has other dimensions than it
// says.
func (d *DB) locate(ctx context.Context, q face.Query) (region, error) {
	var at region
	name := q.Space.Name()
	err := d.pool.QueryRow(ctx, locateRegion, name, face.Readable(q.Gallery)).Scan(at.fields()...)
	switch {
	case err != nil:
		return at, interpret("postgres.Nearest", err)
	case at.space == 0:
		return at, d.unknownSpace(ctx, name)
	case !at.gallery.Valid:
		return at, d.unknownGallery(ctx, q.Gallery)
	case at.dim != q.Space.Dim:
		return at, face.Errorf(face.Mismatch, "the probe has %d components, but space %s has %d", q.Space.Dim, name, at.dim)
	default:
		return at, nil
	}
}

// measure returns how much of a region a filter lets pass: counted where it is
// little; where it is much, the whole region's size, estimated from the
// planner's statistics.
func (d *DB) measure(ctx context.Context, at region, f filter) (size, error) {
	if whole, ok := d.sizes.Load(at); ok && time.Now().Before(whole.(size).until) {
		large := f.empty()
		var err error
		if !large {
			large, err = d.passesMuch(ctx, at, f, whole.(size).rows)
		}
		if err != nil || large {
			return whole.(size), err
		}
	}
	count := `
		SELECT count(*) FROM (
			SELECT FROM visage.embeddings e WHERE e.space_id = $1 AND e.gallery_id = $2` + f.where(4, "") + ` LIMIT $3) few`
	const estimate = `
		SELECT greatest($3, c.reltuples * coalesce((
			SELECT m.share FROM pg_stats s, unnest(s.most_common_vals::text::uuid[], s.most_common_freqs) AS m (id, share)
			WHERE s.schemaname = 'visage' AND s.tablename = c.relname AND s.attname = 'gallery_id' AND m.id = $2), 0))::bigint
		FROM pg_class c
		WHERE c.oid = to_regclass('visage.embeddings_' || $1::int)`
	found := size{until: time.Now().Add(sizeAge)}
	err := d.pool.QueryRow(ctx, count, append([]any{at.space, at.gallery, d.exactRows + 1}, f.args()...)...).Scan(&found.rows)
	if err != nil || found.rows <= d.exactRows {
		return found, interpret("postgres.Nearest", err)
	}
	found.large = true
	if err := d.pool.QueryRow(ctx, estimate, at.space, at.gallery, d.exactRows+1).Scan(&found.rows); err != nil {
		return found, interpret("postgres.Nearest", err)
	}
	d.sizes.Store(at, found)
	return found, nil
}

// count returns how many templates of a region a filter lets pass.
func (d *DB) count(ctx context.Context, at region, f filter) (rows int64, err error) {
	query := `SELECT count(*) FROM visage.embeddings e WHERE e.space_id = $1 AND e.gallery_id = $2` + f.where(3, "")
	err = d.pool.QueryRow(ctx, query, append([]any{at.space, at.gallery}, f.args()...)...).Scan(&rows)
	return rows, interpret("postgres.Nearest", err)
}
