package postgres_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// counter is a follower that only counts.
type counter struct {
	rows, reached atomic.Int64
}

func (c *counter) Begin(context.Context, map[int32]face.Space) error     { return nil }
func (c *counter) Space(context.Context, int32, face.Space) error        { return nil }
func (c *counter) Remove(context.Context, int32, [][16]byte) error       { return nil }
func (c *counter) Identify(context.Context, map[[16]byte][16]byte) error { return nil }
func (c *counter) Clear(context.Context, int32) error                    { return nil }
func (c *counter) Put(_ context.Context, _ int32, r []face.Enrolled) error {
	c.rows.Add(int64(len(r)))
	return nil
}

func (c *counter) Reached(_ context.Context, at face.Position) error {
	c.reached.Store(int64(at))
	return nil
}

// await waits until the counter is as far as the database.
func (c *counter) await(b *testing.B, db *postgres.DB) {
	b.Helper()
	at, err := db.CurrentPosition(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for c.reached.Load() < int64(at) {
		time.Sleep(100 * time.Microsecond)
	}
}

// following counts what a database tells, from a position of its own on, until the
// function returned is called. The slot stays until the benchmark ends.
func following(b *testing.B, db *postgres.DB, from int64) (c *counter, stop func()) {
	b.Helper()
	origin, err := db.Origin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	c = &counter{}
	done := make(chan error, 1)
	go func() {
		done <- db.Follow(ctx, postgres.FollowConfig{Slot: b.Name(), From: face.Position(from), Origin: origin}, c)
	}()
	b.Cleanup(func() { _ = db.DropSlot(context.Background(), b.Name()) })
	return c, func() {
		cancel()
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// load imports templates of 512 dimensions, 1,000 in a transaction.
func load(b *testing.B, db *postgres.DB, from, to int) {
	b.Helper()
	im, err := db.BeginImport(b.Context(), "g", space("A", 512, true))
	if err != nil {
		b.Fatal(err)
	}
	for ; from < to; from += 1000 {
		batch := make([]face.Record, 1000)
		for i := range batch {
			seed := uint64(from + i)
			batch[i] = face.Record{Image: fmt.Sprintf("/p/%d", seed), Identity: fmt.Sprint(seed / 4), Vector: vector(seed, 512, 1)}
		}
		if _, err := im.Add(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFollowCopy takes whole copies of 20,000 templates of 512 dimensions.
func BenchmarkFollowCopy(b *testing.B) {
	db := pgtest.New(b)
	load(b, db, 0, 20_000)
	for b.Loop() {
		c, stop := following(b, db, 0)
		for c.reached.Load() == 0 {
			time.Sleep(100 * time.Microsecond)
		}
		if n := c.rows.Load(); n != 20_000 {
			b.Fatalf("%d rows", n)
		}
		b.StopTimer()
		stop()
		b.StartTimer()
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkFollowStream goes on over 20,000 templates of 512 dimensions that were
// written while nobody followed.
func BenchmarkFollowStream(b *testing.B) {
	db := pgtest.New(b)
	load(b, db, 0, 1000)
	c, stop := following(b, db, 0)
	c.await(b, db)
	stop()
	for n := 1; b.Loop(); n++ {
		b.StopTimer()
		load(b, db, 20_000*n, 20_000*(n+1))
		at := c.reached.Load()
		b.StartTimer()
		c, stop = following(b, db, at)
		c.await(b, db)
		b.StopTimer()
		stop()
		b.StartTimer()
	}
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkFollowLag enrols one face after the other, and waits from the end of each
// enrolment until the copy has it.
func BenchmarkFollowLag(b *testing.B) {
	db := pgtest.New(b)
	s := space("A", 512, true)
	c, stop := following(b, db, 0)
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		if err := db.Enrol(b.Context(), "g", batchOf(1, s, uint64(n))); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		c.await(b, db)
	}
	b.StopTimer()
	stop()
}
