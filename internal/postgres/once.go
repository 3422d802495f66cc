package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// onceFor is how long an answer is kept for a request that comes again.
const onceFor = 24 * time.Hour

// mostAnswer is how many bytes of a body are kept; see package migrations.
const mostAnswer = 4 << 20

// errSettled says that the request was answered meanwhile.
var errSettled = errors.New("answered meanwhile")

// Once does what a request asks for, unless the same one was answered in the last
// day: then it gives that answer again, and true. What do writes with the context
// that it gets is committed together with the answer or not at all, so that a request
// that was cut short can be sent again. Its error leaves nothing behind. The context
// is for one goroutine.
//
// It returns Conflict where the key belongs to another request of the caller, where
// the same request is under way and where what the answer told of was erased, TooLarge for an answer of more than 4 MiB, and the
// error of do as it is, beside the answer that do gave with it.
func (d *DB) Once(ctx context.Context, r face.Request, do func(context.Context) (face.Response, error)) (face.Response, bool, error) {
	const op = "postgres.Once"
	if answer, found, err := answerTo(ctx, d.pool, r); found || err != nil {
		return answer, found, interpret(op, err)
	}
	u := &unit{db: d, begin: func(ctx context.Context, tx pgx.Tx) error { return claim(ctx, tx, r) }}
	answer, err := do(context.WithValue(ctx, unitKey{}, u))
	switch {
	case err == nil:
		err = interpret(op, u.settle(ctx, r, answer))
	case u.tx != nil:
		err = rollback(ctx, u.tx, err)
	}
	if errors.Is(err, errSettled) {
		answer, _, err = answerTo(ctx, d.pool, r)
		return answer, true, interpret(op, err)
	}
	return answer, false, err
}

// claim keeps others with the same key away until the transaction ends. It returns
// Conflict where one is at it, and errSettled where one has been.
func claim(ctx context.Context, tx pgx.Tx, r face.Request) error {
	const query = `SELECT pg_try_advisory_xact_lock(hashtextextended('visage.once ' || $1, hashtextextended($2, 0)))`
	var mine bool
	if err := tx.QueryRow(ctx, query, r.Caller, r.Key).Scan(&mine); err != nil {
		return err
	}
	if !mine {
		return face.Errorf(face.Conflict, "a request with this idempotency key is under way: wait for its answer, or ask again for it")
	}
	_, found, err := answerTo(ctx, tx, r)
	if found {
		err = errSettled
	}
	return err
}

// settle keeps the answer and commits it with all else.
func (u *unit) settle(ctx context.Context, r face.Request, answer face.Response) error {
	const add = `INSERT INTO visage.idempotency (caller, key, request, status, header, body) VALUES ($1, $2, $3, $4, $5, $6)`
	if u.tx == nil {
		if err := u.open(ctx); err != nil {
			return err
		}
	}
	if len(answer.Body) > mostAnswer {
		return rollback(ctx, u.tx, face.Errorf(face.TooLarge, "the answer has more than %d bytes, which are not kept for an idempotency key: ask for less at once", mostAnswer))
	}
	header, err := json.Marshal(answer.Header)
	if err == nil {
		_, err = u.tx.Exec(ctx, forgetAnswers, onceFor)
	}
	if err == nil {
		_, err = u.tx.Exec(ctx, add, r.Caller, r.Key, r.Sum[:], answer.Status, header, append([]byte{}, answer.Body...)) // nil would be null
	}
	if err == nil {
		err = u.tx.Commit(ctx)
	}
	if err != nil {
		return rollback(ctx, u.tx, err)
	}
	return nil
}

const forgetAnswers = `DELETE FROM visage.idempotency WHERE created_at < now() - $1::interval`

// ForgetAnswers throws away the answers that are kept no longer. Once does so too, but
// only where answers come.
func (d *DB) ForgetAnswers(ctx context.Context) error {
	_, err := d.pool.Exec(ctx, forgetAnswers, onceFor)
	return interpret("postgres.ForgetAnswers", err)
}

// answerTo returns the answer that is kept, and whether there is one. It returns
// Conflict where the key belongs to another request, and where the answer was emptied.
func answerTo(ctx context.Context, at querier, r face.Request) (answer face.Response, found bool, err error) {
	const query = `
		SELECT request, status, header, body FROM visage.idempotency
		WHERE caller = $1 AND key = $2 AND created_at >= now() - $3::interval`
	var sum, header []byte
	err = at.QueryRow(ctx, query, r.Caller, r.Key, onceFor).Scan(&sum, &answer.Status, &header, &answer.Body)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return face.Response{}, false, nil
	case err != nil:
		return face.Response{}, false, err
	case [32]byte(sum) != r.Sum:
		return face.Response{}, false, face.Errorf(face.Conflict, "the idempotency key belongs to another request: use a new key for each")
	case answer.Status == emptied:
		return face.Response{}, false, face.Errorf(face.Conflict, "the request with this idempotency key was done, and what its answer told of was erased since: the answer is not kept")
	}
	return answer, true, json.Unmarshal(header, &answer.Header)
}
