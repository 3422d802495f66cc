package postgres_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

const queueObjects = `
	SELECT c.relkind::text || ' ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = 'visage_queue' ORDER BY 1`

// beforeQueue goes back to the schema's last version without a queue.
func (b *bench) beforeQueue() {
	b.Helper()
	b.downTo(12)
}

// The queue's tables come and go with the migration that counts them.
func TestMigrateQueue(t *testing.T) {
	t.Parallel()
	b := connect(t, pgtest.EmptyURL(t))
	b.ok(b.db.MigrateUp(t.Context()))
	up := b.text(queueObjects)
	if !strings.Contains(up, "r river_job\n") {
		t.Errorf("MigrateUp makes\n%s", up)
	}
	b.exec(`INSERT INTO visage_queue.river_job (kind, max_attempts, args) VALUES ('ingest', 1, '{}')`)
	b.beforeQueue()
	if left := b.text(queueObjects); left != "" {
		t.Errorf("MigrateDown leaves\n%s", left)
	}
	b.fails(b.db.RequireSchema(t.Context()), face.Unavailable, "schema version 12", "run visage migrate up")
	b.ok(b.db.MigrateUp(t.Context()))
	if again := b.text(queueObjects); again != up {
		t.Errorf("up, down, up gives\n%s\nwant\n%s", again, up)
	}
}

// A program that was killed between the two migrations, and one in the middle of
// River's, are gone on from.
func TestMigrateHalfAQueue(t *testing.T) {
	t.Parallel()
	for _, half := range []string{
		`DROP SCHEMA visage_queue CASCADE; CREATE SCHEMA visage_queue`,
		`DELETE FROM visage_queue.river_migration WHERE version > 6; DROP TABLE visage_queue.river_notification;
		 CREATE TABLE visage_queue.river_client (id int); CREATE TABLE visage_queue.river_client_queue (id int)`,
	} {
		b := setup(t)
		b.exec(half)
		b.fails(b.db.RequireSchema(t.Context()), face.Unavailable, "job queue", "run visage migrate up")
		var all sync.WaitGroup
		for range 3 {
			all.Go(func() {
				if err := b.db.MigrateUp(t.Context()); err != nil {
					t.Errorf("after %s: %v", half, err)
				}
			})
		}
		all.Wait()
		b.ok(b.db.RequireSchema(t.Context()))
	}
	b := setup(t)
	b.exec(`INSERT INTO visage_queue.river_migration (line, version) VALUES ('main', 99)`)
	b.fails(b.db.RequireSchema(t.Context()), face.Unavailable, "99", "newer visage")
	b.fails(b.db.MigrateUp(t.Context()), face.Unavailable, "newer visage")
}

// The version of River's tables that the program asks for is the library's latest.
// Where this fails, River was upgraded: raise the version, and add a numbered
// migration of ours that says so.
func TestQueueIsOfTheLibrarysVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	river, err := rivermigrate.New(riverpgxv5.New(b.sql), &rivermigrate.Config{Schema: "visage_queue"})
	b.ok(err)
	all := river.AllVersions()
	if got, want := one[int](b, `SELECT max(version) FROM visage_queue.river_migration`), all[len(all)-1].Version; got != want {
		t.Errorf("the tables have version %d, the library %d", got, want)
	}
}

// job adds a row as River has it, for what only needs its state.
func (b *bench) job(queue, state string, more ...string) int64 {
	b.Helper()
	columns, values := "", ""
	for i := 0; i+1 < len(more); i += 2 {
		columns, values = columns+", "+more[i], values+", "+more[i+1]
	}
	return one[int64](b, `INSERT INTO visage_queue.river_job (kind, max_attempts, args, queue, state`+columns+`)
		VALUES ('ingest', 5, '{"of": "`+queue+`"}', '`+queue+`', '`+state+`'`+values+`) RETURNING id`)
}

func TestBacklogs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.job("late", "completed", "finalized_at", "now()")
	for range 3 {
		b.job("early", "available")
	}
	b.job("late", "running")
	b.job("late", "retryable")
	b.job("late", "available", "scheduled_at", "now() + interval '1 hour'")
	b.job("over", "discarded", "finalized_at", "now()")
	got, err := b.db.Backlogs(t.Context())
	b.ok(err)
	if len(got) != 2 || got[0].Queue != "early" || got[0].Ready != 3 || got[0].Later != 0 || string(got[0].Job) != `{"of": "early"}` {
		t.Errorf("backlogs %+v", got)
	} else if late := got[1]; late.Ready != 0 || late.Later != 2 || late.Running != 1 {
		t.Errorf("late %+v", late)
	}
	counts, err := b.db.JobCounts(t.Context())
	b.ok(err)
	if counts[rivertype.JobStateAvailable] != 4 || counts[rivertype.JobStateDiscarded] != 1 || counts[rivertype.JobStateCompleted] != 1 {
		t.Errorf("counts %v", counts)
	}
}

// Jobs of silent workers are given back, those of others kept; one that was to be
// cancelled and one that has had its attempts are at an end.
func TestFreeJobs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const stale = `now() - interval '70 seconds'`
	dead := b.job("q", "running", "attempt", "1", "attempted_at", stale, "attempted_by", "'{alive,dead}'")
	alive := b.job("q", "running", "attempt", "1", "attempted_at", stale, "attempted_by", "'{dead,alive}'")
	cancelled := b.job("q", "running", "attempt", "1", "attempted_at", stale, "attempted_by", "'{dead}'", "metadata", `'{"cancel_attempted_at": 1}'`)
	poison := b.job("q", "running", "attempt", "5", "attempted_at", stale, "attempted_by", "'{dead}'")
	young := b.job("q", "running", "attempt", "1", "attempted_at", "now() - interval '50 seconds'", "attempted_by", "'{dead}'")
	b.ok(b.db.KeepJobs(t.Context(), "alive"))
	n, err := b.db.FreeJobs(t.Context(), time.Minute)
	if err != nil || n != 3 {
		t.Errorf("freed %d (%v), want 3", n, err)
	}
	for id, want := range map[int64]string{dead: "available", alive: "running", cancelled: "cancelled", poison: "discarded", young: "running"} {
		if got := one[string](b, `SELECT state::text FROM visage_queue.river_job WHERE id = $1`, id); got != want {
			t.Errorf("job %d is %s, want %s", id, got, want)
		}
	}
	if said := one[string](b, `SELECT errors[1]->>'error' FROM visage_queue.river_job WHERE id = $1`, dead); said != "worker dead fell silent" {
		t.Errorf("the job says %q", said)
	}
	if n, err := b.db.FreeJobs(t.Context(), time.Minute); err != nil || n != 0 {
		t.Errorf("freed %d more (%v)", n, err)
	}
}

// Without the queue's tables all calls say what to do.
func TestNoQueue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.beforeQueue()
	_, err := b.db.Backlogs(t.Context())
	b.fails(err, face.Unavailable, "visage migrate up")
	_, err = b.db.JobCounts(t.Context())
	b.fails(err, face.Unavailable, "visage migrate up")
	b.fails(b.db.KeepJobs(t.Context(), "x"), face.Unavailable, "visage migrate up")
	_, err = b.db.FreeJobs(t.Context(), time.Second)
	b.fails(err, face.Unavailable, "visage migrate up")
	db, err := postgres.Open(t.Context(), postgres.Config{URL: b.url, MaxConns: 1})
	b.ok(err)
	defer db.Close()
	b.ok(db.MigrateUp(t.Context())) // on one connection
}
