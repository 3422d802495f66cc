package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// Family is the metric whose index serves a metric in a space: euclidean for raw
// euclidean on templates of other lengths than 1, cosine for all else, which ranks
// alike there.
func Family(metric face.Metric, space face.Space) face.Metric {
	return family(metric, space.Unit)
}

func family(metric face.Metric, unit bool) face.Metric {
	if metric == face.Euclidean && !unit {
		return face.Euclidean
	}
	return face.Cosine
}

// indexShape is what the indexes of a family in spaces of like dimensions have in
// common.
type indexShape struct {
	suffix   string // of the index's name, after that of the table
	class    string // pgvector's operator class
	operator string // the distance that it ranks by
}

func shapeOf(family face.Metric, dim int) indexShape {
	switch {
	case family == face.Euclidean:
		return indexShape{"_hnsw_l2", "halfvec_l2_ops", "<->"}
	case wide(dim):
		return indexShape{"_hnsw", "bit_hamming_ops", "<~>"}
	default:
		return indexShape{"_hnsw", "halfvec_cosine_ops", "<=>"}
	}
}

// cosineClasses are the operator classes of the cosine indexes, for SQL.
const cosineClasses = `'halfvec_cosine_ops', 'bit_hamming_ops'`

// indexName is that of a space's index of a family, in the schema visage.
func indexName(space int32, family face.Metric) string {
	return partition(space) + shapeOf(family, 0).suffix
}

// Index is one that searches of a space use.
type Index struct {
	Name           string      `json:"name"`
	Metric         face.Metric `json:"metric"` // its family
	Kind           string      `json:"kind"`   // always "hnsw"
	Valid          bool        `json:"valid"`  // it can be used
	Building       bool        `json:"building,omitempty"`
	Bytes          int64       `json:"bytes"`
	M              int         `json:"m"`               // neighbours of a node; twice as many in the lowest layer
	EfConstruction int         `json:"ef_construction"` // nodes looked at to find them
	// Recall is what was measured of it; nil for nothing. Stale says that the space
	// has more than twice the templates now.
	Recall *face.RecallCurve `json:"recall,omitempty" db:"-"`
	Stale  bool              `json:"recall_stale,omitempty" db:"-"`
}

// SpaceIndexes is a space with its indexes.
type SpaceIndexes struct {
	Space   face.Space `json:"-"`
	Name    string     `json:"space"`
	Dim     int        `json:"dim"`
	Unit    bool       `json:"unit"`
	Rows    int64      `json:"rows"`
	Share   float64    `json:"share"`   // of the templates of all spaces, 0 to 1
	Indexes []Index    `json:"indexes"` // by name; none where every search is exact
	id      int32
}

// Indexable says whether a space can have an index for a metric. Bits, which stand for
// templates of many dimensions, know nothing of their lengths.
func Indexable(space face.Space, metric face.Metric) bool {
	return !wide(space.Dim) || Family(metric, space) == face.Cosine
}

// Indexes returns all spaces, by name, with the indexes that searches use and how
// many templates they have.
func (d *DB) Indexes(ctx context.Context) ([]SpaceIndexes, error) {
	const op = "postgres.Indexes"
	const query = `
		SELECT s.id, s.recognizer, s.weights, s.profile, s.detector, s.dim, s.unit,
		       (SELECT count(*) FROM visage.embeddings e WHERE e.space_id = s.id)
		FROM visage.spaces s ORDER BY s.name`
	rows, _ := d.pool.Query(ctx, query)
	spaces, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (SpaceIndexes, error) {
		s := SpaceIndexes{Indexes: []Index{}}
		in := &s.Space
		err := row.Scan(&s.id, &in.Recognizer, &in.Weights, &in.Profile, &in.Detector, &in.Dim, &in.Unit, &s.Rows)
		s.Name, s.Dim, s.Unit = in.Name(), in.Dim, in.Unit
		return s, err
	})
	if err != nil {
		return nil, interpret(op, err)
	}
	var all int64
	for i := range spaces {
		all += spaces[i].Rows
		if err := d.describe(ctx, &spaces[i]); err != nil {
			return nil, err
		}
	}
	for i := range spaces {
		if all > 0 {
			spaces[i].Share = float64(spaces[i].Rows) / float64(all)
		}
	}
	return spaces, nil
}

// describe adds a space's indexes and what was measured of them.
func (d *DB) describe(ctx context.Context, s *SpaceIndexes) (err error) {
	if s.Indexes, err = d.indexesOf(ctx, s.id); err != nil {
		return err
	}
	for i := range s.Indexes {
		curve, err := d.recall(ctx, curveOf{s.id, s.Indexes[i].Metric})
		if err != nil {
			return err
		}
		if len(curve.Points) > 0 {
			s.Indexes[i].Recall, s.Indexes[i].Stale = &curve, curve.Stale(s.Rows)
		}
	}
	return nil
}

// indexesOf returns the indexes of one space that searches use, by name.
func (d *DB) indexesOf(ctx context.Context, space int32) ([]Index, error) {
	const query = `
		SELECT c.relname, CASE WHEN o.opcname IN (` + cosineClasses + `) THEN 'cosine' ELSE 'euclidean' END, a.amname, i.indisvalid,
		       EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid), pg_relation_size(c.oid),
		       coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'm'), $2),
		       coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'ef_construction'), $3)
		FROM pg_index i
		JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_am a ON a.oid = c.relam
		JOIN pg_opclass o ON o.oid = i.indclass[0]
		WHERE i.indrelid = to_regclass('visage.embeddings_' || $1::int) AND a.amname = 'hnsw' AND o.opcname IN ('halfvec_l2_ops', ` + cosineClasses + `)
		ORDER BY 1`
	rows, _ := d.pool.Query(ctx, query, space, defaultM, pgvectorEfConstruction)
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Index])
	if indexes == nil {
		indexes = []Index{}
	}
	return indexes, interpret("postgres.Indexes", err)
}

// index returns a space's index of a family, and whether there is one.
func (d *DB) index(ctx context.Context, space int32, family face.Metric) (Index, bool, error) {
	all, err := d.indexesOf(ctx, space)
	for _, i := range all {
		if i.Name == indexName(space, family) {
			return i, true, err
		}
	}
	return Index{}, false, err
}

// DropIndex removes a space's index of a family, and what was measured of it;
// searches are exact then. It lets the space be searched and added to meanwhile. It
// returns NotFound for an unknown space and where there is no such index.
func (d *DB) DropIndex(ctx context.Context, space face.Space, metric face.Metric) (Index, error) {
	const op = "postgres.DropIndex"
	id, err := d.knownSpace(ctx, space)
	if err != nil {
		return Index{}, err
	}
	of := Family(metric, space)
	found, there, err := d.index(ctx, id, of)
	switch {
	case err != nil:
		return Index{}, err
	case !there:
		return Index{}, face.Errorf(face.NotFound, "space %s has no index for %s: there is nothing to drop", space.Name(), of)
	}
	_, err = d.pool.Exec(ctx, fmt.Sprintf(`DROP INDEX CONCURRENTLY IF EXISTS visage.%s`, found.Name))
	if err == nil {
		err = d.forget(ctx, id, of)
	}
	if err == nil && wide(space.Dim) {
		err = d.dropBits(ctx, id)
	}
	return found, interpret(op, err)
}

// knownSpace returns the id of a space, or NotFound.
func (d *DB) knownSpace(ctx context.Context, space face.Space) (id int32, err error) {
	const query = `SELECT coalesce((SELECT id FROM visage.spaces WHERE name = $1), 0)`
	if err := d.pool.QueryRow(ctx, query, space.Name()).Scan(&id); err != nil {
		return 0, interpret("postgres.knownSpace", err)
	}
	if id == 0 {
		return 0, d.unknownSpace(ctx, space.Name())
	}
	return id, nil
}
