package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// Spaces of more dimensions than mostIndexed have an index over bits: for each
// component of a template of length 1, whether it is more than the mean of that
// component. The means are constants of a function of the space, visage.bits_<space id>,
// because an index cannot hold a large expression itself; they never change under an
// index. Compared by measurement with v > 0, medians and rotations in docs/search.md.
const (
	// sampledTemplates is from how many templates the means are taken.
	sampledTemplates = 2_000
	// leastSampled is the fewest that say something about those to come.
	leastSampled = 1_000
)

// wide says whether vectors of so many dimensions are indexed by bits.
func wide(dim int) bool { return dim > mostIndexed }

// LeastTemplates is how many templates a space of so many dimensions must have
// before it can have an index.
func LeastTemplates(dim int) int64 {
	if wide(dim) {
		return leastSampled
	}
	return 0
}

// bitsName is that of a wide space's function, in the schema visage.
func bitsName(space int32) string { return fmt.Sprintf("bits_%d", space) }

// indexed is what a space's index holds of a vector.
func indexed(space int32, dim int, vector string) string {
	if wide(dim) {
		return fmt.Sprintf(`visage.%s(%s)::bit(%d)`, bitsName(space), vector, dim)
	}
	return fmt.Sprintf(`%s::halfvec(%d)`, vector, dim)
}

// makeBits makes the function of a wide space from a sample of its templates, in the
// place of one that an index left. It returns NotFound where there are too few, and
// Unavailable where there is an index by now.
func makeBits(ctx context.Context, tx pgx.Tx, space int32) error {
	const lock = `SELECT pg_advisory_xact_lock(hashtextextended('visage.index', $1))`
	const known = `
		SELECT to_regclass('visage.' || $1) IS NULL, quote_ident(n.nspname)
		FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'`
	const means = `
		SELECT coalesce(avg(l2_normalize(e.embedding))::text, ''), count(*)
		FROM (SELECT face_id FROM visage.embeddings WHERE space_id = $1 ORDER BY hashtextextended(face_id::text, 0) LIMIT $2) c
		JOIN visage.embeddings e ON e.space_id = $1 AND e.face_id = c.face_id`
	var free bool
	var schema, mean string
	var sampled int
	if _, err := tx.Exec(ctx, lock, space); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, known, indexName(space, face.Cosine)).Scan(&free, &schema); err != nil {
		return err
	}
	if !free {
		return face.Errorf(face.Unavailable, "another build of the index %s was quicker: visage index list shows it", indexName(space, face.Cosine))
	}
	if err := tx.QueryRow(ctx, means, space, sampledTemplates).Scan(&mean, &sampled); err != nil {
		return err
	}
	if sampled < leastSampled {
		return face.Errorf(face.NotFound, "the space has %d templates, but an index of so many dimensions is made from at least %d of them: until there are as many it is searched exactly",
			sampled, leastSampled)
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(`
		CREATE OR REPLACE FUNCTION visage.%[1]s(embedding %[2]s.vector) RETURNS bit
		LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $bits$ BEGIN
		RETURN %[2]s.binary_quantize(%[2]s.l2_normalize(embedding) OPERATOR(%[2]s.-) '%[3]s'::%[2]s.vector);
		END $bits$`, bitsName(space), schema, mean))
	return err
}

// dropBits removes the function of a wide space that has no index any more.
func (d *DB) dropBits(ctx context.Context, space int32) error {
	return d.renewNearest(ctx, `DROP FUNCTION IF EXISTS visage.`+bitsName(space))
}

// renewNearest has visage.nearest use the indexes of wide spaces that there are, and
// the functions of no others, and runs further statements in the same transaction.
// visage.add_space takes the same lock.
func (d *DB) renewNearest(ctx context.Context, after ...string) error {
	return d.inTx(ctx, "postgres.renewNearest", func(tx pgx.Tx) error {
		for _, statement := range append([]string{`LOCK TABLE visage.spaces IN SHARE ROW EXCLUSIVE MODE`, `SELECT visage.renew_nearest()`}, after...) {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
