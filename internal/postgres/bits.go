package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// Spaces of more dimensions than mostIndexed have an index over bits: a template of
// length 1, less the mean of the space, is turned, so that each component has a part of
// many, and the bits are the signs. The function of a space that makes them,
// visage.bits_<space id>, has the mean as a constant, because an index cannot hold a
// large expression itself; it never changes under an index. docs/search.md has the
// measurements that led to this.
const (
	// sampledTemplates is from how many templates the means are taken.
	sampledTemplates = 2_000
	// leastSampled is the fewest that say something about those to come.
	leastSampled = 1_000
	// turns are the steps of the turn: after n of them a component has a part of 2^n.
	// Eight find as much as a full rotation.
	turns = 8
)

// bitsFunction makes the function %[1]s for means %[3]s, with pgvector in the schema
// %[2]s. A step is that of a Walsh-Hadamard transform, the sums of the two halves and
// their differences; sums move round by 1, 2, 4 and so on, lest the same components
// meet again. An odd last component, %[4]s, stays.
const bitsFunction = `
	CREATE OR REPLACE FUNCTION visage.%[1]s(embedding %[2]s.vector) RETURNS bit
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $bits$
	DECLARE
	    v     %[2]s.vector := %[2]s.l2_normalize(embedding) OPERATOR(%[2]s.-) '%[3]s'::%[2]s.vector;
	    half  integer := %[2]s.vector_dims(v) / 2;
	    sums  %[2]s.vector;
	    moved integer := 1;
	BEGIN
	    FOR step IN 1..%[5]d LOOP
	        sums := %[2]s.subvector(v, 1, half) OPERATOR(%[2]s.+) %[2]s.subvector(v, half + 1, half);
	        v := %[2]s.subvector(sums, moved + 1, half - moved) OPERATOR(%[2]s.||) %[2]s.subvector(sums, 1, moved)
	            OPERATOR(%[2]s.||) (%[2]s.subvector(v, 1, half) OPERATOR(%[2]s.-) %[2]s.subvector(v, half + 1, half))%[4]s;
	        moved := 2 * moved;
	    END LOOP;
	    RETURN %[2]s.binary_quantize(v);
	END $bits$`

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
func makeBits(ctx context.Context, tx pgx.Tx, space int32, dim int) error {
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
	odd := ""
	if dim%2 == 1 {
		odd = fmt.Sprintf(` OPERATOR(%[1]s.||) %[1]s.subvector(v, 2 * half + 1, 1)`, schema)
	}
	_, err := tx.Exec(ctx, fmt.Sprintf(bitsFunction, bitsName(space), schema, mean, odd, turns))
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
