package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/visagedb/visage/internal/face"
)

// Queue is what River needs to reach its tables, over the connections of d: its
// driver, and the schema that they are in.
func (d *DB) Queue() (driver riverdriver.Driver[pgx.Tx], schema string) {
	return riverpgxv5.New(d.pool), queueSchema
}

// QueueError gives an error of the database that River returned its meaning for
// the caller, as a *face.Error; nil for nil.
func (d *DB) QueueError(op string, err error) error { return interpret(op, err) }

// Backlogs returns the queues that have jobs which are not at an end, those with
// the oldest such job first.
func (d *DB) Backlogs(ctx context.Context) ([]face.Backlog, error) {
	const query = `
		SELECT b.queue, b.ready, b.later, b.running, j.args
		FROM (SELECT queue, min(id) AS oldest,
		             count(*) FILTER (WHERE state = 'available' AND scheduled_at <= now()) AS ready,
		             count(*) FILTER (WHERE state IN ('retryable', 'scheduled', 'pending') OR state = 'available' AND scheduled_at > now()) AS later,
		             count(*) FILTER (WHERE state = 'running') AS running
		      FROM visage_queue.river_job
		      WHERE state IN ('available', 'retryable', 'scheduled', 'pending', 'running')
		      GROUP BY queue) b
		JOIN visage_queue.river_job j ON j.id = b.oldest
		ORDER BY b.oldest`
	rows, _ := d.pool.Query(ctx, query)
	backlogs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[face.Backlog])
	return backlogs, interpret("postgres.Backlogs", err)
}

// JobCounts returns how many jobs there are by River's names of their states,
// those that have come to an end as long as River keeps them.
func (d *DB) JobCounts(ctx context.Context) (map[rivertype.JobState]int, error) {
	const query = `SELECT state::text, count(*) FROM visage_queue.river_job GROUP BY state`
	counts := map[rivertype.JobState]int{}
	rows, _ := d.pool.Query(ctx, query)
	var state string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		counts[rivertype.JobState(state)] = n
		return nil
	})
	return counts, interpret("postgres.JobCounts", err)
}

// KeepJobs says of the jobs that a worker, by the id that River has of it, is at
// that it still is.
func (d *DB) KeepJobs(ctx context.Context, worker string) error {
	const query = `
		UPDATE visage_queue.river_job SET attempted_at = now()
		WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] = $1`
	_, err := d.pool.Exec(ctx, query, worker)
	return interpret("postgres.KeepJobs", err)
}

// FreeJobs gives the jobs back whose worker has kept silent for so long, by the
// clock of the database, and returns how many there were. A job that has had all
// its attempts is at an end, lest one that kills its workers goes on for ever, as
// is one that was to be cancelled.
func (d *DB) FreeJobs(ctx context.Context, silence time.Duration) (int, error) {
	const query = `
		WITH stuck AS (
			SELECT id, CASE WHEN metadata ? 'cancel_attempted_at' THEN 'cancelled' WHEN attempt >= max_attempts THEN 'discarded' ELSE 'available' END AS next
			FROM visage_queue.river_job
			WHERE state = 'running' AND attempted_at < now() - $1::interval
			FOR UPDATE SKIP LOCKED)
		UPDATE visage_queue.river_job j
		SET state = s.next::visage_queue.river_job_state, scheduled_at = now(),
		    finalized_at = CASE WHEN s.next <> 'available' THEN now() END,
		    errors = array_append(j.errors, jsonb_build_object('at', now(), 'attempt', j.attempt, 'trace', '',
		        'error', 'worker ' || coalesce(j.attempted_by[array_upper(j.attempted_by, 1)], '') || ' fell silent'))
		FROM stuck s WHERE j.id = s.id`
	tag, err := d.pool.Exec(ctx, query, silence)
	return int(tag.RowsAffected()), interpret("postgres.FreeJobs", err)
}
