package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

func batchOf(n int, s face.Space, offset uint64) []face.Enrolment {
	batch := make([]face.Enrolment, n)
	for i := range batch {
		batch[i] = photo(fmt.Sprintf("/p/%d.jpg", i), fmt.Sprintf("sample-%02d", i%10), s, uint64(i)+offset)
	}
	return batch
}

// TestEnrolAtOnce lets four programs enrol the same files, then the files in
// another space, then other contents of them: one clean run's rows must result.
func TestEnrolAtOnce(t *testing.T) {
	t.Parallel()
	clean, b := setup(t), setup(t)
	first, second := space("A", 32, true), space("B", 16, true)
	for _, batch := range [][]face.Enrolment{batchOf(200, first, 0), batchOf(200, second, 0), batchOf(200, first, 1000)} {
		clean.ok(clean.db.Enrol(t.Context(), "g", batch))
		b.enrolAtOnce(batch)
		if b.contents() != clean.contents() {
			t.Fatal("four runs at once end with other rows than one")
		}
	}
}

// enrolAtOnce runs four enrolments of a batch of 200 in parts, each run
// starting elsewhere and every other one in another order.
func (b *bench) enrolAtOnce(batch []face.Enrolment) {
	var group sync.WaitGroup
	for run := range 4 {
		group.Go(func() {
			for i := range 20 {
				from := (i + run/2) % 20 * 10
				part := slices.Clone(batch[from : from+10])
				if run%2 == 1 {
					slices.Reverse(part)
				}
				if err := b.db.Enrol(b.Context(), "g", part); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
}

// TestEnrolIsAllOrNone stops an enrolment at its last step, the embeddings,
// which another session holds.
func TestEnrolIsAllOrNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	b.ok(b.db.EnsureSpace(t.Context(), s))
	hold := b.begin()
	_, err := hold.Exec(t.Context(), `LOCK visage.image_spaces IN EXCLUSIVE MODE`)
	b.ok(err)

	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.db.Enrol(ctx, "g", batchOf(50, s, 0)) }()
	b.waitFor(stuck)
	cancel()
	b.fails(<-done, face.Cancelled)
	b.ok(hold.Rollback(t.Context()))
	b.waitFor(`SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`)
	if left := one[int](b, `SELECT (SELECT count(*) FROM visage.galleries) + (SELECT count(*) FROM visage.images) + (SELECT count(*) FROM visage.faces)`); left != 0 {
		t.Errorf("a cancelled enrolment leaves %d rows", left)
	}
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(50, s, 0)))
}

// stuck says whether a session of this database waits for a lock.
const stuck = `SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`

// waitFor polls until a query is true, or fails the test.
func (b *bench) waitFor(query string) {
	b.Helper()
	b.until("never true: "+query, func() bool { return one[bool](b, query) })
}

// TestEnrolRetriesDeadlocks makes Postgres choose the enrolment as the victim
// of a deadlock with a session that takes the images in the other order.
func TestEnrolRetriesDeadlocks(t *testing.T) {
	t.Parallel()
	b := connect(t, pgtest.URL(t))
	s := space("A", 8, true)
	first, second := photo("/first", "sample-01", s, 1), photo("/second", "sample-02", s, 2)
	b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{first, second}))
	order := b.text(`SELECT path FROM visage.images ORDER BY sha256(path_bytes)`)
	early, late := order[:len(order)-len("\n/second")], "/second"
	if early != "/first" {
		early, late = "/second", "/first"
	}

	hold := b.begin()
	// The session is patient, so the deadlock is found by the enrolment.
	for _, statement := range []string{
		`SET LOCAL deadlock_timeout = '1h'`, `SELECT FROM visage.images WHERE path = '` + late + `' FOR UPDATE`,
	} {
		_, err := hold.Exec(t.Context(), statement)
		b.ok(err)
	}
	first, second = photo("/first", "sample-01", s, 11), photo("/second", "sample-02", s, 12)
	done := make(chan error, 1)
	go func() { done <- b.db.Enrol(t.Context(), "g", []face.Enrolment{first, second}) }()
	b.waitFor(stuck)
	_, err := hold.Exec(t.Context(), `SELECT FROM visage.images WHERE path = '`+early+`' FOR UPDATE`)
	b.ok(err)
	b.ok(hold.Commit(t.Context()))
	b.ok(<-done)
	if got, want := b.enrolled(s), "/first sample-01 11 yunet\n/second sample-02 12 yunet"; got != want {
		t.Errorf("after the deadlock %q, want %q", got, want)
	}
	b.waitFor(`SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = current_database()`)
}

func TestServerGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := space("A", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, s, 0)))
	hold := b.begin()
	_, err := hold.Exec(t.Context(), `LOCK visage.image_spaces IN EXCLUSIVE MODE`)
	b.ok(err)
	done := make(chan error, 1)
	go func() { done <- b.db.Enrol(t.Context(), "g", batchOf(20, s, 100)) }()
	b.waitFor(stuck)
	b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'visage'`)
	b.fails(<-done, face.Unavailable)
	b.ok(hold.Rollback(t.Context()))

	before := b.enrolled(s)
	b.ok(b.healed(func() error { _, err := b.db.Galleries(t.Context()); return err }))
	if after := b.enrolled(s); after != before {
		t.Errorf("the broken enrolment changed\n%s\nto\n%s", before, after)
	}
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, s, 100)))
}

// healed calls until there is no Unavailable any more: each of the pool's dead
// connections may answer once.
func (b *bench) healed(call func() error) error {
	var err error
	for range 11 {
		if err = call(); face.CodeOf(err) != face.Unavailable {
			return err
		}
	}
	return err
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	b := &bench{T: t}
	for _, url := range []string{
		"postgres://nobody@127.0.0.1:1/none?connect_timeout=2", "postgres://nobody@:1/none?host=" + t.TempDir(),
	} {
		_, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		b.fails(err, face.Unavailable)
	}
	_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://x:y@host:notaport/db"})
	b.fails(err, face.Invalid)
	var none *postgres.DB
	none.Close()
}

func TestClosed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.db.Close()
	b.db.Close()
	_, err := b.db.Galleries(t.Context())
	b.fails(err, face.Unavailable)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = postgres.Open(ended, postgres.Config{URL: b.url})
	b.fails(err, face.Cancelled)
	var told *face.Error
	if !errors.As(err, &told) || told.Op == "" {
		t.Errorf("error %v does not say what was being done", err)
	}
	if _, err := pgx.Connect(t.Context(), b.url); err != nil {
		t.Error(err)
	}
}
