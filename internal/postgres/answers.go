package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
)

// answers runs a search for each probe, which is its parameter $1; see answersTo.
func (d *DB) answers(ctx context.Context, pending *pgx.Batch, s Statement, probes [][]float32) ([]face.Answer, error) {
	statements := make([]Statement, len(probes))
	for i := range statements {
		statements[i] = s
	}
	return d.answersTo(ctx, pending, statements, probes)
}

// answersTo runs one statement for each probe, which is its parameter $1, under the
// settings of the first, which are those of all, in one transaction and one round
// trip: a batch without BEGIN is a transaction. What is pending already comes before
// them.
func (d *DB) answersTo(ctx context.Context, pending *pgx.Batch, statements []Statement, probes [][]float32) ([]face.Answer, error) {
	end := d.queueSettings(pending, statements[0].Settings)
	found := make([]face.Answer, len(probes))
	for i, s := range statements {
		found[i].Plan = s.Plan
		pending.Queue(s.sql, append([]any{pgvector.NewVector(probes[i])}, s.args...)...).Query(func(rows pgx.Rows) (err error) {
			found[i].Candidates, err = pgx.CollectRows(rows, scanCandidate)
			return err
		})
	}
	if end != "" {
		pending.Queue(end)
	}
	switch err := d.pool.SendBatch(ctx, pending).Close(); {
	case err == nil:
		return found, nil
	case errors.Is(err, errMoved):
		return nil, err
	default:
		return nil, interpret("postgres.Nearest", err)
	}
}

// fill searches exactly for those probes to which the answers have fewer
// candidates than were asked for.
func (d *DB) fill(ctx context.Context, at region, w wanted, answers []face.Answer) error {
	var short []int
	all := w.probes
	w.probes = nil
	for i, a := range answers {
		if len(a.Candidates) < w.Limit {
			short, w.probes = append(short, i), append(w.probes, all[i])
		}
	}
	if len(short) == 0 {
		return nil
	}
	exact, err := d.compareAll(ctx, at, w)
	if err != nil {
		return err
	}
	for j, i := range short {
		answers[i] = exact[j]
	}
	return nil
}
