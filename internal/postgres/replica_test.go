package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/pgserver"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/postgres/pgtest"
)

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// times says how often a word was logged.
func (j *journal) times(word string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(j.text.String(), word)
}

// Words of the log.
const (
	isLeft = "the replica is not searched"
	isBack = "the replica answers searches again"
)

// pair is a primary with a streaming replica.
type pair struct {
	*bench
	standby *pgtest.Standby
	space   face.Space
}

// ownServer starts a server of the test's own.
func ownServer(t *testing.T) (home string, server *pgserver.Server) {
	t.Helper()
	if os.Getenv("VISAGE_TEST_DATABASE_URL") == "" {
		t.Skip("needs PostgreSQL's binaries: set VISAGE_TEST_DATABASE_URL (make test does)")
	}
	home, err := os.MkdirTemp("/tmp", "visage-primary-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	return home, restart(t, home)
}

// restart starts the server of a home again, once it was closed.
func restart(t *testing.T, home string) *pgserver.Server {
	t.Helper()
	server, err := pgserver.Start(t.Context(), pgserver.Config{Home: home})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}

// replicated starts both, with 20 templates in the gallery g.
func replicated(t *testing.T) *pair {
	t.Helper()
	_, server := ownServer(t)
	p := &pair{bench: connect(t, server.URL()), space: space("A", 8, true)}
	p.ok(p.db.MigrateUp(t.Context()))
	p.ok(p.db.Enrol(t.Context(), "g", batchOf(20, p.space, 0)))
	p.standby = pgtest.NewStandby(t, server.URL())
	p.standby.CatchUp(server.URL())
	return p
}

// reader opens the database with a replica.
func (p *pair) reader(replica string, lag time.Duration) (*postgres.DB, *journal) {
	p.Helper()
	log := &journal{}
	db, err := postgres.Open(p.Context(), postgres.Config{
		URL: p.url, ReplicaURL: replica, ReplicaLag: lag, Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	p.ok(err)
	p.Cleanup(db.Close)
	return db, log
}

// found is how many templates a gallery shows to a search.
func (p *pair) found(db *postgres.DB, gallery string) (int, error) {
	q := face.Query{Gallery: gallery, Space: p.space, Probe: vector(1, 8, 1), Metric: face.Cosine, Limit: 1000}
	list, _, err := db.Nearest(p.Context(), q)
	return len(list), err
}

// shows waits until a gallery shows so many templates.
func (p *pair) shows(db *postgres.DB, gallery string, want int) {
	p.Helper()
	p.until("the gallery shows other templates", func() bool {
		n, err := p.found(db, gallery)
		p.ok(err)
		return n == want
	})
}

func TestReplica(t *testing.T) {
	t.Parallel()
	p := replicated(t)
	for name, test := range map[string]func(*pair){
		"answers everything": (*pair).answersEverything, "what it lacks": (*pair).lacking, "far behind": (*pair).farBehind,
		"down from the start": (*pair).downFromTheStart, "none of this database": (*pair).stranger,
	} {
		t.Run(name, func(t *testing.T) { test(p.in(t)) })
	}
	// These take the replica away and give it back.
	t.Run("killed", func(t *testing.T) { p.in(t).killed() })
	t.Run("frozen", func(t *testing.T) { p.in(t).frozen() })
	t.Run("older schema", func(t *testing.T) { p.in(t).olderSchema() })
}

// in is the pair for a test within the test.
func (p *pair) in(t *testing.T) *pair {
	b := *p.bench
	b.T = t
	return &pair{&b, p.standby, p.space}
}

// more enrols further photographs in a gallery.
func (p *pair) more(db *postgres.DB, gallery string, n int) {
	p.Helper()
	var batch []face.Enrolment
	for i := range n {
		batch = append(batch, photo(fmt.Sprintf("/%s/%d.jpg", p.Name(), i), "somebody", p.space, uint64(5000+i)))
	}
	p.ok(db.Enrol(p.Context(), gallery, batch))
}

func (p *pair) answersEverything() {
	db, log := p.reader(p.standby.URL, 0)
	if n, err := p.found(db, "g"); n < 20 || err != nil {
		p.Errorf("%d templates, %v", n, err)
	}
	// Recall is sampled there too, and kept in the primary.
	probes, err := db.Sample(p.Context(), "g", p.space, 3, 1)
	if len(probes) != 3 || err != nil {
		p.Errorf("a sample of %d, %v", len(probes), err)
	}
	if _, _, err := db.LargestGallery(p.Context(), p.space); err != nil {
		p.Error(err)
	}
	if _, err := db.NearestAt(p.Context(), face.Query{Gallery: "g", Space: p.space, Probe: vector(1, 8, 1), Metric: face.Cosine, Limit: 5}, 40); err != nil {
		p.Error(err)
	}
	p.ok(db.StoreRecall(p.Context(), p.space, face.RecallCurve{Metric: face.Cosine, K: 1, Probes: 1, Rows: 1, Points: []face.RecallPoint{{EfSearch: 40, Recall: 1}}}))
	h, err := db.Replica(p.Context())
	if err != nil || h.Server == "" || h.SecondsBehind > 30 {
		p.Errorf("health %+v, %v", h, err)
	}
	if log.times("WARN") != 0 {
		p.Errorf("logged: %s", &log.text)
	}
}

// What was enrolled a moment ago may not be seen, but a gallery, a space or a person
// that the replica does not know yet is looked for in the primary.
func (p *pair) lacking() {
	p.standby.CatchUp(p.url)
	db, log := p.reader(p.standby.URL, time.Hour)
	before, err := p.found(db, "g")
	p.ok(err)
	standby := connect(p.T, p.standby.URL)
	standby.exec(`SELECT pg_wal_replay_pause()`)
	defer standby.exec(`SELECT pg_wal_replay_resume()`)
	p.more(db, "g", 5)
	p.more(db, "new", 7)
	if n, err := p.found(db, "g"); n != before || err != nil {
		p.Errorf("a replica that stands still shows %d templates (%v), want %d", n, err, before)
	}
	if probes, err := db.Sample(p.Context(), "g", p.space, before+5, 1); len(probes) != before || err != nil {
		p.Errorf("it samples %d templates (%v), want %d", len(probes), err, before)
	}
	if n, err := p.found(db, "new"); n != 7 || err != nil {
		p.Errorf("the new gallery shows %d templates, %v", n, err)
	}
	_, err = p.found(db, "nowhere")
	p.fails(err, face.NotFound, "nowhere")
	h, err := db.Replica(p.Context())
	if err != nil || h.BytesBehind == 0 {
		p.Errorf("health %+v, %v", h, err)
	}
	if log.times("WARN") != 0 {
		p.Errorf("logged: %s", &log.text)
	}
}

func (p *pair) farBehind() {
	p.standby.CatchUp(p.url)
	db, log := p.reader(p.standby.URL, time.Second)
	before, err := p.found(db, "g")
	p.ok(err)
	standby := connect(p.T, p.standby.URL)
	standby.exec(`SELECT pg_wal_replay_pause()`)
	p.more(db, "g", 5)
	p.shows(db, "g", before+5)
	if log.times(isLeft) != 1 || log.times("bytes behind") != 1 {
		p.Errorf("logged: %s", &log.text)
	}
	_, err = db.Replica(p.Context())
	p.fails(err, face.Unavailable, "behind", "--replica-lag")
	standby.exec(`SELECT pg_wal_replay_resume()`)
	p.until("the replica is not back", func() bool { return log.times(isBack) == 1 })
	p.shows(db, "g", before+5)
	if log.times(isLeft) != 1 {
		p.Errorf("logged: %s", &log.text)
	}
}

func (p *pair) downFromTheStart() {
	nobody := strings.Replace(p.standby.URL, "visage-standby-", "visage-nobody-", 1)
	db, log := p.reader(nobody, 0)
	for range 3 {
		if n, err := p.found(db, "g"); n < 20 || err != nil {
			p.Errorf("%d templates, %v", n, err)
		}
	}
	if log.times(isLeft) != 1 {
		p.Errorf("logged: %s", &log.text)
	}
	_, err := db.Replica(p.Context())
	p.fails(err, face.Unavailable)
}

func (p *pair) stranger() {
	db, _ := p.reader(p.url, 0)
	_, err := p.found(db, "g")
	p.fails(err, face.Unavailable, "follows no other")
	db, _ = p.reader(pgtest.EmptyURL(p.T), 0)
	_, err = p.found(db, "g")
	p.fails(err, face.Unavailable, "another database")
	_, err = postgres.Open(p.Context(), postgres.Config{URL: p.url, ReplicaURL: "postgres://[broken"})
	p.fails(err, face.Invalid, "replica URL")
}

// searching searches all the while, by several at once, until stopped; it returns how
// many searches there were and fails for each that does.
func (p *pair) searching(db *postgres.DB) (stop func() int64) {
	ctx, cancel := context.WithCancel(p.Context())
	var running sync.WaitGroup
	var done atomic.Int64
	for range 4 {
		running.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				if n, err := p.found(db, "g"); n < 20 || err != nil {
					p.Errorf("%d templates, %v", n, err)
				}
				if took := time.Since(began); took > 20*time.Second {
					p.Errorf("a search took %s", took)
				}
				done.Add(1)
			}
		})
	}
	return func() int64 { cancel(); running.Wait(); return done.Load() }
}

// The replica dies in the middle of searches, and later comes back: no search fails.
func (p *pair) killed() { p.outage(p.standby.Kill, p.standby.Start) }

// So it is where the replica hangs instead, and refuses nothing.
func (p *pair) frozen() { p.outage(p.standby.Freeze, p.standby.Thaw) }

func (p *pair) outage(begin, end func()) {
	db, log := p.reader(p.standby.URL, time.Hour)
	stop := p.searching(db)
	for round := 1; round <= 2; round++ {
		time.Sleep(200 * time.Millisecond)
		begin()
		p.until("the outage is not logged", func() bool { return log.times(isLeft) == round })
		time.Sleep(1500 * time.Millisecond) // the outage is looked at more than once
		end()
		p.until("the replica is not back", func() bool { return log.times(isBack) == round })
	}
	if n := stop(); n < 10 || log.times(isLeft) != 2 {
		p.Errorf("%d searches, logged: %s", n, &log.text)
	}
}

func (p *pair) olderSchema() {
	p.exec(`UPDATE visage.schema_migrations SET version = version - 1`)
	p.standby.CatchUp(p.url)
	db, log := p.reader(p.standby.URL, 0)
	_, err := p.found(db, "g")
	p.fails(err, face.Unavailable, "the replica has schema version", "this program needs", "migrate the primary")
	p.exec(`UPDATE visage.schema_migrations SET version = version + 1`)
	p.until("the replica is not used once it has followed", func() bool { _, err := p.found(db, "g"); return err == nil })
	if log.times(isBack) != 1 {
		p.Errorf("logged: %s", &log.text)
	}
}
