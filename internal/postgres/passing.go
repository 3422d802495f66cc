package postgres

import (
	"context"
	"fmt"
)

const (
	// passingSample is about how many templates are looked at to see how many pass a
	// filter: some milliseconds, where counting those of 100,000 takes hundreds.
	passingSample = 300
	// leastPassing is how many of them have to pass for the sample to say anything.
	leastPassing = 10
)

// passesMuch says whether a filter surely lets more of a region of about so many rows
// pass than are all compared: whether a sample of the table's pages, always the same,
// says that it is more than twice as many. Where it does not, there may be as many all
// the same, and they have to be counted, which is quick where an index leads to them, as
// it does to the templates of some identities.
func (d *DB) passesMuch(ctx context.Context, at region, f filter, rows int64) (bool, error) {
	if len(f.identities) > 0 {
		return false, nil
	}
	query := fmt.Sprintf(`
		SELECT count(*), count(*) FILTER (WHERE true%s)
		FROM visage.embeddings_%d e TABLESAMPLE SYSTEM ($1) REPEATABLE (1) WHERE e.gallery_id = $2`, f.where(3, barrier), at.space)
	var seen, passed int64
	share := min(100, 100*passingSample/float32(rows))
	err := d.pool.QueryRow(ctx, query, append([]any{share, at.gallery}, f.args()...)...).Scan(&seen, &passed)
	if err != nil {
		return false, interpret("postgres.Nearest", err)
	}
	return passed >= leastPassing && passed*rows > 2*d.exactRows*seen, nil
}
