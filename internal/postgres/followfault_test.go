package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/visagedb/visage/internal/face"
)

// testless is a context for what is done after a test.
func testless() context.Context { return context.Background() }

// connectBare is a connection that outlasts the test's pools.
func connectBare(b *bench) *pgx.Conn {
	b.Helper()
	conn, err := pgx.Connect(testless(), b.url)
	b.ok(err)
	return conn
}

// storm is how long the database is changed from all sides. VISAGE_TEST_STORM says
// another time.
func storm(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("VISAGE_TEST_STORM")
	if text == "" {
		return 5 * time.Second
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return long
}

// Everything at once, with connections that break and a program that starts again: the
// copy is the database's at the end, and was begun once.
func TestFollowInAStorm(t *testing.T) {
	t.Parallel()
	b := setup(t)
	spaces := []face.Space{space("A", 8, true), space("B", 16, false), space("C", 3000, true)}
	for _, s := range spaces[:2] {
		b.ok(b.db.Enrol(t.Context(), "g0", batchOf(40, s, 0)))
	}
	f := b.followNew()
	f.same()
	end := time.Now().Add(storm(t))
	var working sync.WaitGroup
	for n := range 3 {
		working.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 9))
			for time.Now().Before(end) {
				b.change(r, spaces)
			}
		})
	}
	for time.Now().Before(end) {
		time.Sleep(rand.N(300 * time.Millisecond))
		if rand.N(3) == 0 {
			f = f.again()
		} else {
			b.exec(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database() AND active`)
		}
		if rand.N(4) == 0 {
			f.ownWrite(spaces[0])
		}
	}
	working.Wait()
	f.same()
	if _, begun := f.state(); begun != 1 {
		t.Errorf("the copy was begun %d times", begun)
	}
	t.Logf("%d templates, %s of log", one[int](b, `SELECT count(*) FROM visage.embeddings`), f.reached)
}

// change does something to the database, which others may have made impossible.
func (b *bench) change(r *rand.Rand, spaces []face.Space) {
	ctx, gallery, s := b.Context(), fmt.Sprintf("g%d", r.IntN(3)), spaces[r.IntN(len(spaces))]
	names := []string{fmt.Sprintf("sample-%02d", r.IntN(10)), fmt.Sprintf("sample-%02d", r.IntN(10))}
	var err error
	switch r.IntN(12) {
	case 0, 1, 2:
		err = b.db.Enrol(ctx, gallery, batchOf(1+r.IntN(40), s, r.Uint64N(1000)))
	case 3:
		_, err = b.db.MergeIdentities(ctx, gallery, names[0], names[1])
	case 4:
		err = b.db.DeleteIdentity(ctx, gallery, names[0])
	case 5:
		if r.IntN(4) == 0 {
			err = b.db.DeleteGallery(ctx, gallery)
		}
	case 6, 7:
		_, err = b.sql.Exec(ctx, `UPDATE visage.faces f SET identity_id = (
			SELECT p.id FROM visage.identities p WHERE p.gallery_id = f.gallery_id ORDER BY md5(p.name || $1) LIMIT 1) WHERE md5(id::text) < $1`, fmt.Sprintf("%x", r.IntN(16)))
	case 8:
		_, err = b.sql.Exec(ctx, `DELETE FROM visage.faces WHERE md5(id::text) < $1`, fmt.Sprintf("%02x", r.IntN(64)))
	case 9:
		_, err = b.sql.Exec(ctx, `UPDATE visage.embeddings SET gallery_id = gallery_id WHERE md5(face_id::text) < $1`, fmt.Sprintf("%x", r.IntN(16)))
	case 10:
		err = pgx.BeginFunc(ctx, b.sql, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SAVEPOINT before; DELETE FROM visage.faces; ROLLBACK TO before; UPDATE visage.faces SET identity_id = NULL WHERE id > 'f'`); err != nil {
				return err
			}
			if r.IntN(2) == 0 {
				return tx.Rollback(ctx)
			}
			return nil
		})
	case 11:
		if r.IntN(4) == 0 {
			_, err = b.sql.Exec(ctx, `TRUNCATE visage.embeddings_1`)
		}
	}
	switch code := face.CodeOf(err); code {
	case "", face.NotFound, face.Invalid, face.Mismatch, face.Conflict, face.Unavailable, face.Internal: // of deadlocks and of what is gone
	default:
		b.Errorf("%v", err)
	}
}

// ownWrite enrols and erases a face, and looks for it in the copy once that has reached
// what the database says.
func (f *follower) ownWrite(s face.Space) {
	f.Helper()
	gallery := "own" + uuid.NewString()
	f.ok(f.db.Enrol(f.Context(), gallery, batchOf(1, s, 0)))
	made := f.faces(gallery)
	if len(made) == 0 { // others have erased it
		return
	}
	id := made[0]
	f.catchUp()
	if !f.has(id) { // others may have erased it
		if n := one[int](f.bench, `SELECT count(*) FROM visage.embeddings WHERE face_id = $1`, id); n == 1 {
			f.Error("a face that was enrolled is not in the copy")
		}
	}
	f.ok(f.db.DeleteGallery(f.Context(), gallery))
	f.catchUp()
	if f.has(id) {
		f.Error("a face that was erased is in the copy")
	}
}

// Its slot is dropped under it.
func TestFollowSlotDropped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, space("A", 8, true), 0)))
	f := b.followNew()
	f.same()
	b.until("the slot cannot be dropped", func() bool {
		b.exec(`SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = current_database() AND active`)
		return b.db.DropSlot(t.Context(), f.config.Slot) == nil
	})
	b.ok(b.db.DeleteIdentity(t.Context(), "g", "sample-03"))
	f.hasBegun(2)
	f.same()
	if f.log.times("begun anew") != 1 {
		t.Errorf("the log does not say so: %s", f.log.text.String())
	}
}

// The publications are dropped under it: what was written meanwhile cannot be read.
func TestFollowPublicationDropped(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, space("A", 8, true), 0)))
	f := b.followNew()
	f.same()
	f.stop()
	b.exec(`DROP PUBLICATION visage_templates`)
	b.ok(b.db.DeleteIdentity(t.Context(), "g", "sample-03"))
	f = f.again()
	f.hasBegun(2)
	if slots, err := b.db.Slots(t.Context()); err != nil || len(slots) != 1 || slots[0].Lost { // nobody's was removed
		t.Errorf("the slots are %+v (%v)", slots, err)
	}
	f.same()
}

// crash ends a server of the test's own at once, without a last write.
func crash(b *bench, home string) {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(home, "postgres", "postmaster.pid"))
	b.ok(err)
	number, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(number)
	b.ok(err)
	b.ok(syscall.Kill(pid, syscall.SIGQUIT))
	b.until("the server does not end", func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
}

// withoutRight is the server's database for a role that may read and not replicate,
// which needs another one than the superuser that the private server lets in.
func (b *bench) withoutRight(home string) *bench {
	b.Helper()
	rules := []byte("local all visage peer map=visage\nlocal all all trust\n")
	b.ok(os.WriteFile(filepath.Join(home, "postgres", "visage_hba.conf"), rules, 0o600))
	for _, query := range []string{`CREATE ROLE reader LOGIN`, `GRANT USAGE ON SCHEMA visage TO reader`, `GRANT SELECT ON ALL TABLES IN SCHEMA visage TO reader`, `SELECT pg_reload_conf()`} {
		b.exec(query)
	}
	address := strings.Replace(b.url, "://visage@", "://reader@", 1)
	b.until("the role is not let in", func() bool {
		conn, err := pgx.Connect(b.Context(), address)
		return err == nil && conn.Close(b.Context()) == nil
	})
	return connect(b.T, address)
}

// A server of its own, which crashes and stops: what a program misses while it is away is kept up to a bound;
// what is beyond is copied anew. Without wal_level = logical nothing is followed.
func TestFollowOwnServer(t *testing.T) {
	t.Parallel()
	home, server := ownServer(t)
	b := connect(t, server.URL())
	s := space("A", 8, true)
	b.ok(b.db.MigrateUp(t.Context()))
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, s, 0)))
	f := b.followNew()
	f.same()

	as := b.withoutRight(home)
	as.fails(as.refusal(), face.Unavailable, "ALTER ROLE <role> REPLICATION")
	as.db.Close()
	as.sql.Close()

	// It crashes while it is followed, and stops while it is.
	crash(b, home)
	b.ok(server.Close())
	server = restart(t, home)
	b.until("the server is not back", func() bool { return b.db.Enrol(t.Context(), "g", batchOf(20, s, 90)) == nil })
	f.same()
	b.ok(server.Close())
	server = restart(t, home)
	b.until("the server is not back", func() bool { return b.db.Enrol(t.Context(), "h", batchOf(20, s, 50)) == nil })
	f.same()
	f.hasBegun(1)
	if _, begun := f.state(); begun != 1 {
		t.Errorf("the copy was begun %d times", begun)
	}

	// The log of a segment is 16 MiB; each switch begins another one.
	f.stop()
	b.exec(`SELECT pg_create_logical_replication_slot('visage_of_nobody', 'pgoutput')`)
	b.exec(`ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'`)
	b.exec(`SELECT pg_reload_conf()`)
	b.until("the slot is not given up", func() bool {
		b.exec(`CREATE TABLE IF NOT EXISTS public.noise (n int)`)
		b.exec(`INSERT INTO public.noise VALUES (1)`)
		b.exec(`SELECT pg_switch_wal()`)
		b.exec(`CHECKPOINT`)
		slots, err := b.db.Slots(t.Context())
		b.ok(err)
		return slots[0].Lost && slots[1].Lost
	})
	b.ok(b.db.DeleteIdentity(t.Context(), "g", "sample-03"))
	f = f.again()
	f.hasBegun(2)
	if slots, err := b.db.Slots(t.Context()); err != nil || len(slots) != 1 || slots[0].Lost { // nobody's was removed
		t.Errorf("the slots are %+v (%v)", slots, err)
	}
	f.same()
	if f.log.times("max_slot_wal_keep_size") != 1 {
		t.Errorf("the log does not say so: %s", f.log.text.String())
	}
	f.stop()
	b.ok(b.db.DropSlot(t.Context(), f.config.Slot))
	b.exec(`ALTER SYSTEM SET max_slot_wal_keep_size = -1`)
	b.exec(`SELECT pg_reload_conf()`)
	b.until("there is a bound still", func() bool { return one[string](b, `SHOW max_slot_wal_keep_size`) == "-1" })
	b.fails(b.refusal(), face.Unavailable, "max_slot_wal_keep_size")
	b.exec(`ALTER SYSTEM SET wal_level = replica`)
	b.db.Close()
	b.sql.Close()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	b = connect(t, restart(t, home).URL())
	b.fails(b.refusal(), face.Unavailable, "wal_level = replica", "restart the server")
}

// A server sends what is safe on its disk, which others do not see before a synchronous
// replica has it too. A template that comes then gets its identity of the stream, not of
// what a look shows.
func TestFollowAheadOfWhatIsSeen(t *testing.T) {
	t.Parallel()
	_, server := ownServer(t)
	b := connect(t, server.URL())
	a := space("A", 8, true)
	b.ok(b.db.MigrateUp(t.Context()))
	b.ok(b.db.Enrol(t.Context(), "g", batchOf(20, a, 0)))
	b.ok(b.db.EnsureSpace(t.Context(), space("B", 8, true)))
	f := b.followNew()
	f.same()
	free := func() {
		bare := connectBare(b)
		for _, query := range []string{`ALTER SYSTEM RESET synchronous_standby_names`, `SELECT pg_reload_conf()`} {
			if _, err := bare.Exec(testless(), query); err != nil {
				t.Error(err)
			}
		}
		b.ok(bare.Close(testless()))
	}
	t.Cleanup(free) // what waits would keep the pools open
	b.exec(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`)
	b.exec(`SELECT pg_reload_conf()`)
	b.until("the setting does not come", func() bool { return one[string](b, `SHOW synchronous_standby_names`) == "nobody" })
	written := make(chan error, 1)
	go func() {
		_, err := b.sql.Exec(testless(), `UPDATE visage.faces SET identity_id = NULL`)
		written <- err
	}()
	waiting := `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
	b.until("the change does not wait", func() bool { return one[int](b, waiting) == 1 })
	_, err := b.sql.Exec(t.Context(), `SET synchronous_commit = local; INSERT INTO visage.embeddings SELECT 2, face_id, gallery_id, embedding FROM visage.embeddings_1`)
	b.ok(err)
	time.Sleep(100 * time.Millisecond)
	if n := one[int](b, `SELECT count(*) FROM visage.faces WHERE identity_id IS NULL`); n != 0 {
		t.Fatalf("%d faces show the change already", n)
	}
	free()
	b.ok(<-written)
	f.same()
	if n := one[int](b, `SELECT count(*) FROM visage.faces WHERE identity_id IS NULL`); n != 20 {
		t.Errorf("%d faces show the change", n)
	}
}
