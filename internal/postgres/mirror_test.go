package postgres_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
)

// held is a template of a mirror.
type held struct {
	gallery, identity [16]byte
	vector            uint64 // its sum
}

// mirror is a follower that keeps a copy to be compared with the database.
type mirror struct {
	mu      sync.Mutex
	spaces  map[int32]map[[16]byte]held
	begun   int // how often a whole copy came
	most    int // rows given at once
	reached face.Position
	sizes   []int // templates in all, whenever something was reached
	wrong   []string
	broken  error // what its next call returns
}

func (m *mirror) lock(space int32) func() {
	m.mu.Lock()
	if space != 0 && m.spaces[space] == nil {
		m.wrong = append(m.wrong, fmt.Sprintf("told of space %d, which is unknown", space))
	}
	return m.mu.Unlock
}

func (m *mirror) Begin(_ context.Context, spaces map[int32]face.Space) error {
	defer m.lock(0)()
	m.begun++
	m.reached = 0 // nothing is held
	m.spaces = map[int32]map[[16]byte]held{}
	for id := range spaces {
		m.spaces[id] = map[[16]byte]held{}
	}
	return m.broken
}

func (m *mirror) Space(_ context.Context, id int32, _ face.Space) error {
	defer m.lock(0)()
	if m.spaces[id] == nil {
		m.spaces[id] = map[[16]byte]held{}
	}
	return m.broken
}

func (m *mirror) Put(_ context.Context, space int32, rows []face.Enrolled) error {
	defer m.lock(space)()
	m.most = max(m.most, len(rows))
	for _, r := range rows {
		m.spaces[space][r.Face] = held{r.Gallery, r.Identity, sumOf(r.Vector)}
	}
	return m.broken
}

func (m *mirror) Remove(_ context.Context, space int32, faces [][16]byte) error {
	defer m.lock(space)()
	for _, id := range faces {
		delete(m.spaces[space], id)
	}
	return m.broken
}

func (m *mirror) Identify(_ context.Context, faces map[[16]byte][16]byte) error {
	defer m.lock(0)()
	for _, rows := range m.spaces {
		for id, identity := range faces {
			if h, known := rows[id]; known {
				h.identity = identity
				rows[id] = h
			}
		}
	}
	return m.broken
}

func (m *mirror) Clear(_ context.Context, space int32) error {
	defer m.lock(space)()
	clear(m.spaces[space])
	return m.broken
}

func (m *mirror) Reached(_ context.Context, at face.Position) error {
	defer m.lock(0)()
	if at < m.reached && m.begun < 2 {
		m.wrong = append(m.wrong, fmt.Sprintf("reached %s after %s", at, m.reached))
	}
	m.reached = at
	n := 0
	for _, rows := range m.spaces {
		n += len(rows)
	}
	m.sizes = append(m.sizes, n)
	return m.broken
}

// state is read under the lock.
func (m *mirror) state() (at face.Position, begun int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reached, m.begun
}

// has says whether a face has a template in any space.
func (m *mirror) has(id [16]byte) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, rows := range m.spaces {
		if _, known := rows[id]; known {
			return true
		}
	}
	return false
}

func (m *mirror) content() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	for space, rows := range m.spaces {
		for id, h := range rows {
			lines = append(lines, line(space, id, h))
		}
	}
	slices.Sort(lines)
	return strings.Join(append(lines, m.wrong...), "\n")
}

func line(space int32, id [16]byte, h held) string {
	return fmt.Sprintf("%d %x %x %x %x", space, id, h.gallery, h.identity, h.vector)
}

func sumOf(vector []float32) uint64 {
	sum := fnv.New64a()
	fmt.Fprint(sum, vector)
	return sum.Sum64()
}

// templates are what a mirror must hold.
func (b *bench) templates() string {
	b.Helper()
	rows, err := b.sql.Query(b.Context(), `
		SELECT e.space_id, e.face_id, e.gallery_id, coalesce(f.identity_id, '00000000-0000-0000-0000-000000000000'), e.embedding::text
		FROM visage.embeddings e JOIN visage.faces f ON f.id = e.face_id`)
	b.ok(err)
	var lines []string
	var space int32
	var id [16]byte
	var h held
	var text string
	_, err = pgx.ForEachRow(rows, []any{&space, &id, &h.gallery, &h.identity, &text}, func() error {
		var vector pgvector.Vector
		err := vector.Parse(text)
		h.vector = sumOf(vector.Slice())
		lines = append(lines, line(space, id, h))
		return err
	})
	b.ok(err)
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// follower is a database that is followed into a mirror.
type follower struct {
	*bench
	*mirror
	config postgres.FollowConfig
	log    *journal
	stop   func()
	ended  chan error // what Follow returned
}

// follow begins to follow; it ends with the test at the latest, and its slot with it.
func (b *bench) follow(m *mirror, cfg postgres.FollowConfig) *follower {
	b.Helper()
	f := &follower{bench: b, mirror: m, config: cfg, log: &journal{}, ended: make(chan error, 1)}
	f.config.Slot = "test of " + b.Name()
	f.config.Logger = slog.New(slog.NewTextHandler(f.log, nil))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		f.ended <- b.db.Follow(ctx, f.config, m)
		close(done)
	}()
	f.stop = func() {
		cancel()
		<-done
	}
	b.Cleanup(func() {
		f.stop()
		if b.Failed() {
			b.Logf("log: %s", f.log.text.String())
		}
	})
	b.Cleanup(func() { _ = b.db.DropSlot(context.Background(), f.config.Slot) })
	return f
}

// followNew follows with nothing held.
func (b *bench) followNew() *follower {
	b.Helper()
	if level := one[string](b, `SHOW wal_level`); level != "logical" {
		b.Skipf("the server has wal_level = %s: tests of what follows it need logical (make test has it)", level)
	}
	return b.follow(&mirror{}, postgres.FollowConfig{})
}

// again follows on from what the mirror holds.
func (f *follower) again() *follower {
	f.Helper()
	f.stop()
	at, _ := f.state()
	origin, err := f.db.Origin(f.Context())
	f.ok(err)
	return f.follow(f.mirror, postgres.FollowConfig{From: at, Origin: origin})
}

// catchUp waits until the mirror holds everything that was committed.
func (f *follower) catchUp() {
	f.Helper()
	at, err := f.db.CurrentPosition(f.Context())
	f.ok(err)
	f.until(fmt.Sprintf("the copy does not reach %s", at), func() bool {
		reached, _ := f.state()
		select {
		case err := <-f.ended:
			f.Fatalf("Follow has ended: %v", err)
		default:
		}
		return reached >= at
	})
}

// same compares the mirror with the database.
func (f *follower) same() {
	f.Helper()
	f.catchUp()
	want, got := f.templates(), f.content()
	if got != want {
		f.Errorf("the copy differs: %s", differences(got, want))
	}
}

// differences are the first lines that only one text has.
func differences(got, want string) string {
	var text strings.Builder
	count := map[string]int{}
	for l := range strings.SplitSeq(got, "\n") {
		count[l]++
	}
	for l := range strings.SplitSeq(want, "\n") {
		count[l]--
	}
	for i, l := range slices.Sorted(maps.Keys(count)) {
		if count[l] != 0 {
			fmt.Fprintf(&text, "\n%+d %s", count[l], l)
		}
		if text.Len() > 2000 {
			fmt.Fprintf(&text, "\n... of %d", len(count)-i)
			break
		}
	}
	return text.String()
}

// hasBegun waits until a whole copy came so many times.
func (f *follower) hasBegun(times int) {
	f.Helper()
	f.until(fmt.Sprintf("the copy was not begun %d times", times), func() bool {
		_, begun := f.state()
		return begun >= times
	})
}

// refusal is what Follow returns where it cannot.
func (b *bench) refusal() error {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	return b.db.Follow(ctx, postgres.FollowConfig{Slot: "refused in " + b.Name()}, &mirror{})
}
