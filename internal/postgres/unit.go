package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// querier is what statements are run on: the pool, or a transaction.
type querier interface {
	Begin(ctx context.Context) (pgx.Tx, error)
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// unit is several writes of one request, which are committed together or not at all.
// It is for one goroutine. Its transaction begins with the first write, so that no
// connection is held by a request that is still busy with its photographs.
type unit struct {
	db    *DB
	begin func(ctx context.Context, tx pgx.Tx) error // called once in a new transaction
	tx    pgx.Tx                                     // nil before the first write
}

// unitKey is what a context holds a *unit by.
type unitKey struct{}

func unitOf(ctx context.Context) *unit {
	u, _ := ctx.Value(unitKey{}).(*unit)
	return u
}

// on is where a statement is to run: in the context's unit, once that has written
// something, else on any connection.
func (d *DB) on(ctx context.Context) querier {
	if u := unitOf(ctx); u != nil && u.tx != nil {
		return u.tx
	}
	return d.pool
}

// writer is where a transaction is to begin: inside the context's unit, or on its
// own.
func (d *DB) writer(ctx context.Context) (querier, error) {
	u := unitOf(ctx)
	if u == nil {
		return d.pool, nil
	}
	if u.tx == nil {
		if err := u.open(ctx); err != nil {
			return nil, err
		}
	}
	return u.tx, nil
}

func (u *unit) open(ctx context.Context) error {
	tx, err := u.db.pool.Begin(ctx)
	if err != nil {
		return err
	}
	if err := u.begin(ctx, tx); err != nil {
		return rollback(ctx, tx, err)
	}
	u.tx = tx
	return nil
}

// rollback ends a transaction, also where ctx has ended, and returns the error that
// it ends for.
func rollback(ctx context.Context, tx pgx.Tx, why error) error {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
	defer cancel()
	_ = tx.Rollback(ending) // the server does so by itself where it cannot be told
	return why
}
