package postgres

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// txAttempts bounds how often a transaction that lost against another one
	// is started anew.
	txAttempts = 6
	// txPause is the longest pause before the second attempt; it doubles with
	// each further one.
	txPause = 20 * time.Millisecond
)

// errOvertaken says that another transaction removed what this one was about
// to use.
var errOvertaken = errors.New("removed by another transaction")

// inTx runs fn in a transaction, and again where the transaction lost against
// another one (deadlock, serialisation failure, overtaken). It returns a
// *face.Error. fn must not change anything outside of the transaction before
// it succeeds. In a context of Once the transaction is a part of that one's.
func (d *DB) inTx(ctx context.Context, op string, fn func(pgx.Tx) error) error {
	pause := txPause
	for attempt := 1; ; attempt++ {
		err := d.try(ctx, fn)
		if attempt == txAttempts || !lostRace(err) {
			return interpret(op, err)
		}
		select {
		case <-ctx.Done():
			return interpret(op, ctx.Err())
		case <-time.After(rand.N(pause)):
			pause *= 2
		}
	}
}

func (d *DB) try(ctx context.Context, fn func(pgx.Tx) error) error {
	at, err := d.writer(ctx)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, at, fn)
}

// lostRace says whether a transaction failed only because of another one.
func lostRace(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code == "40001" || refused.Code == "40P01"
	}
	return errors.Is(err, errOvertaken)
}
