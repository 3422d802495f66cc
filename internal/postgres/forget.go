package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// emptied is the status of a kept answer that told of who was erased since. Its row
// stays, so that the request is not done again, which could enrol the same once more.
const emptied = 0

// forget empties the answers that are kept for requests which come again, where they
// hold a text: the id of an identity or a face, or the name of a gallery as JSON has
// it. It looks through all of them, those of a day.
func forget(ctx context.Context, tx pgx.Tx, text string) error {
	const query = `
		UPDATE visage.idempotency SET status = $2, header = '{}', body = ''
		WHERE position($1::bytea IN body) > 0`
	_, err := tx.Exec(ctx, query, []byte(text), emptied)
	return err
}
