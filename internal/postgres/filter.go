package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/visagedb/visage/internal/face"
)

// filter is a face.Filter with its names looked up. The zero filter lets
// everything pass.
type filter struct {
	identities, excluded []pgtype.UUID
	metadata             []byte
}

// lookUp finds the identities that a filter names in a gallery. It returns
// NotFound where the gallery lacks one.
func (d *DB) lookUp(ctx context.Context, q face.Query, gallery pgtype.UUID) (filter, error) {
	const query = `SELECT name, id FROM visage.identities WHERE gallery_id = $1 AND name = ANY($2)`
	names := readable(slices.Concat(q.Filter.Identities, q.Filter.Excluded))
	if len(names) == 0 {
		return filter{metadata: q.Filter.Metadata}, nil
	}
	rows, _ := d.pool.Query(ctx, query, gallery, names)
	known, err := collectIDs(rows)
	if err != nil {
		return filter{}, interpret("postgres.Nearest", err)
	}
	ids := make([]pgtype.UUID, len(names))
	for i, name := range names {
		ids[i] = known[name]
	}
	only := len(q.Filter.Identities)
	return filter{identities: ids[:only], excluded: ids[only:], metadata: q.Filter.Metadata},
		q.Filter.CheckNames(q.Gallery, func(name string) bool { return known[name].Valid })
}

// readable are names as the database has them.
func readable(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = face.Readable(name)
	}
	return list
}

// empty says whether the filter lets everything pass.
func (f filter) empty() bool {
	return len(f.identities) == 0 && len(f.excluded) == 0 && len(f.metadata) == 0
}

// barrier keeps the planner from turning a condition into a join. A search
// through an index needs that: a join could take another way to the rows, and
// then all of them had to be sorted.
const barrier = `OFFSET 0`

// where writes the filter as a condition on the templates e of the gallery $2,
// to be appended to others; it may end with a barrier. Its parameters, those of
// args, are numbered from next on.
func (f filter) where(next int, end string) string {
	if f.empty() {
		return ""
	}
	var sql strings.Builder
	sql.WriteString(` AND EXISTS (SELECT FROM visage.faces f`)
	if len(f.metadata) > 0 {
		fmt.Fprintf(&sql, ` JOIN visage.images i ON i.gallery_id = $2 AND i.id = f.image_id AND i.metadata @> $%d::jsonb`, next)
		next++
	}
	sql.WriteString(` WHERE f.gallery_id = $2 AND f.id = e.face_id`)
	if len(f.identities) > 0 {
		fmt.Fprintf(&sql, ` AND f.identity_id = ANY($%d::uuid[])`, next)
		next++
	}
	if len(f.excluded) > 0 {
		fmt.Fprintf(&sql, ` AND (f.identity_id IS NULL OR f.identity_id <> ALL($%d::uuid[]))`, next)
	}
	return sql.String() + ` ` + end + `)`
}

// through narrows an index scan, which gives rows of face_id and embedding in
// the order of distance, to the first of its rows that pass.
func (f filter) through(scan string, next int) string {
	if f.empty() {
		return scan
	}
	return fmt.Sprintf(`SELECT e.face_id, e.embedding FROM (%s LIMIT %d) e WHERE true%s`, scan, filteredReach, f.where(next, barrier))
}

// filteredReach is how many of the nearest templates an index search looks
// through for such as pass. They are near enough each other to be sure that what
// passed is the nearest that passes; where too few did, everything that passes
// is compared.
const filteredReach = 5_000

// args are the values of the condition's parameters.
func (f filter) args() []any {
	var values []any
	if len(f.metadata) > 0 {
		values = append(values, string(f.metadata))
	}
	if len(f.identities) > 0 {
		values = append(values, f.identities)
	}
	if len(f.excluded) > 0 {
		values = append(values, f.excluded)
	}
	return values
}
