package postgres_test

import (
	"context"
	"testing"

	"github.com/visagedb/visage/internal/face"
)

// waiting is a search that waits for a lock on the templates, which release
// gives back; ask searches.
func waiting(t *testing.T) (b *bench, ask func(ctx context.Context) error, release func()) {
	t.Helper()
	b = setup(t)
	s := space("A", 8, true)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, s, 0)))
	hold := b.begin()
	_, err := hold.Exec(t.Context(), `LOCK visage.embeddings IN ACCESS EXCLUSIVE MODE`)
	b.ok(err)
	ask = func(ctx context.Context) error {
		q := face.Query{Gallery: "g", Space: s, Metric: face.Cosine, Limit: 5}
		answers, err := b.db.NearestAll(ctx, q, [][]float32{vector(1, 8, 1), vector(2, 8, 1)})
		if (err == nil) != (len(answers) == 2) || err == nil && len(answers[1].Candidates) != 5 {
			t.Errorf("%d answers with error %v", len(answers), err)
		}
		return err
	}
	return b, ask, func() { b.ok(hold.Rollback(t.Context())) }
}

// A search that is not waited for any more ends in the server too, while what it
// waits for is still held.
func TestCancelledSearchEndsInTheServer(t *testing.T) {
	t.Parallel()
	b, ask, release := waiting(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- ask(ctx) }()
	b.waitFor(stuck)
	cancel()
	b.fails(<-done, face.Cancelled)
	b.waitFor(`SELECT count(*) = 0 FROM pg_stat_activity
		WHERE datname = current_database() AND application_name = 'visage' AND state = 'active'`)
	release()
	b.ok(ask(t.Context()))
}

// A search whose server goes away in the middle fails as a whole, and the next
// ones work when it is back.
func TestServerGoneDuringSearch(t *testing.T) {
	t.Parallel()
	b, ask, release := waiting(t)
	done := make(chan error, 1)
	go func() { done <- ask(t.Context()) }()
	b.waitFor(stuck)
	b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'visage'`)
	b.fails(<-done, face.Unavailable)
	release()
	b.ok(b.healed(func() error { return ask(t.Context()) }))
}
