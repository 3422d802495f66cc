package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// IndexBuild says what came of a build.
type IndexBuild struct {
	Index
	Space   string   `json:"space"`
	Built   bool     `json:"built"`              // not where the space had the index already
	Dropped bool     `json:"repaired,omitempty"` // an unusable index of the name was removed first
	Workers int      `json:"workers"`            // processes that were allowed to help
	Seconds float64  `json:"seconds"`
	Notes   []string `json:"notes,omitempty"`
}

// IndexProgress is how far a build is, in PostgreSQL's words. Done and Total count
// blocks of the table, or the transactions that are waited for; Total is 0 where
// nothing is counted.
type IndexProgress struct {
	Phase       string
	Done, Total int64
}

// closeWait is how long a connection may take to say goodbye.
const closeWait = 5 * time.Second

// BuildIndex builds a space's index and tells how far that is. Meanwhile the space
// can be searched and added to. An unusable index of the name, which a build leaves
// that is cut short, goes first. Nothing is done where the index is there already.
//
// It returns NotFound for an unknown space and for one of many dimensions with fewer
// templates than LeastTemplates, Invalid for settings that cannot be and where no index
// serves the metric, Exists for an index with other settings, and Unavailable while
// another build of the space runs.
func (d *DB) BuildIndex(ctx context.Context, space face.Space, settings IndexSettings, tell func(IndexProgress)) (IndexBuild, error) {
	const op = "postgres.BuildIndex"
	asked := settings
	settings, err := settings.checked(space)
	if err != nil {
		return IndexBuild{}, err
	}
	id, err := d.knownSpace(ctx, space)
	if err != nil {
		return IndexBuild{}, err
	}
	acquired, err := d.pool.Acquire(ctx)
	if err != nil {
		return IndexBuild{}, interpret(op, err)
	}
	conn := acquired.Hijack() // it does not come back, because its settings end with it
	defer letGo(ctx, conn)
	b := IndexBuild{Space: space.Name()}
	if err := lockIndex(ctx, conn, id, space); err != nil {
		return b, err
	}
	old, there, err := d.index(ctx, id, settings.Metric)
	if err != nil {
		return b, err
	}
	if there && old.Valid {
		b.Index = old
		return b, asked.differs(old, space)
	}
	began := time.Now()
	if b.Workers, b.Notes, err = settings.apply(ctx, conn); err == nil {
		b.Dropped, b.Built = there, true
		err = d.buildOn(ctx, conn, id, space.Dim, settings, tell)
	}
	if err != nil {
		return b, interpret(op, err)
	}
	b.Seconds = time.Since(began).Seconds()
	b.Index, _, err = d.index(ctx, id, settings.Metric)
	return b, err
}

// letGo ends a connection with its locks. They would end with it, but not before the
// server has seen that; who takes them next need not wait for it.
func letGo(ctx context.Context, conn *pgx.Conn) {
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWait)
	defer cancel()
	_, _ = conn.Exec(ending, `SELECT pg_advisory_unlock_all()`)
	_ = conn.Close(ending)
}

// lockIndex keeps other builds of the space away until the connection ends.
func lockIndex(ctx context.Context, conn *pgx.Conn, id int32, space face.Space) error {
	const query = `
		SELECT pg_try_advisory_lock(hashtextextended('visage.index.build', $1)) AND NOT EXISTS (
			SELECT FROM pg_stat_progress_create_index p WHERE p.relid = to_regclass('visage.embeddings_' || $1::int))`
	var alone bool
	err := conn.QueryRow(ctx, query, id).Scan(&alone)
	if err == nil && !alone {
		return face.Errorf(face.Unavailable, "another build of an index of space %s is running: wait for it, visage index list shows it", space.Name())
	}
	return interpret("postgres.BuildIndex", err)
}

// differs returns Exists where an index has not the settings that were asked for.
func (s IndexSettings) differs(from Index, space face.Space) error {
	if (s.M == 0 || s.M == from.M) && (s.EfConstruction == 0 || s.EfConstruction == from.EfConstruction) {
		return nil
	}
	return face.Errorf(face.Exists, "space %s has the index %s already, with m %d and ef_construction %d: remove it first (visage index drop)",
		space.Name(), from.Name, from.M, from.EfConstruction)
}

// apply sets the connection up for a build. It returns how many processes may
// help, and what there is to say about it.
func (s IndexSettings) apply(ctx context.Context, conn *pgx.Conn) (workers int, notes []string, err error) {
	const known = `
		SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'), current_setting('max_parallel_maintenance_workers')::int`
	var version, note string
	if err := conn.QueryRow(ctx, known).Scan(&version, &workers); err != nil {
		return 0, nil, err
	}
	if workers, note = s.workers(version, workers); note != "" {
		notes = append(notes, note)
	}
	const set = `
		SELECT set_config('max_parallel_maintenance_workers', $1, false),
		       set_config('maintenance_work_mem', coalesce(nullif($2, ''), current_setting('maintenance_work_mem')), false)`
	_, err = conn.Exec(ctx, set, strconv.Itoa(workers), s.Memory)
	return workers, notes, err
}

// buildOn replaces what there is of the index, and has the planner's statistics,
// which searches go by, made anew.
func (d *DB) buildOn(ctx context.Context, conn *pgx.Conn, id int32, dim int, s IndexSettings, tell func(IndexProgress)) error {
	watched, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.watchBuild(watched, conn.PgConn().PID(), tell)
	}()
	defer func() { cancel(); <-ended }()
	if err := d.forget(ctx, id, s.Metric); err != nil {
		return err
	}
	run := func(statement string) error {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
		return nil
	}
	if err := run(`DROP INDEX CONCURRENTLY IF EXISTS visage.` + indexName(id, s.Metric)); err != nil {
		return err
	}
	if wide(dim) {
		if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return makeBits(ctx, tx, id, dim) }); err != nil {
			return err
		}
	}
	if err := run(`CREATE INDEX CONCURRENTLY ` + s.definition(id, dim)); err != nil {
		return err
	}
	if wide(dim) {
		if err := d.renewNearest(ctx); err != nil {
			return err
		}
	}
	return run(`ANALYZE visage.` + partition(id))
}

// watchBuild tells of a build by another connection until ctx ends. Where it
// cannot be asked about, nothing is told.
func (d *DB) watchBuild(ctx context.Context, pid uint32, tell func(IndexProgress)) {
	const query = `
		SELECT phase, CASE WHEN lockers_total > 0 THEN lockers_done ELSE blocks_done END, greatest(lockers_total, blocks_total)
		FROM pg_stat_progress_create_index WHERE pid = $1`
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(indexPoll):
		}
		var p IndexProgress
		if err := d.pool.QueryRow(ctx, query, pid).Scan(&p.Phase, &p.Done, &p.Total); err == nil {
			tell(p)
		}
	}
}
