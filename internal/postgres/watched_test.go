package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

// watched is a database whose indexes are looked after every some milliseconds.
type watched struct {
	*postgres.DB
	stored  *atomic.Int32 // curves kept, by all that share it
	failing atomic.Bool   // the database is away
	looking sync.Mutex    // held, it keeps from looking
}

func (w *watched) StoreRecall(ctx context.Context, space face.Space, curve face.RecallCurve) error {
	err := w.DB.StoreRecall(ctx, space, curve)
	if err == nil {
		w.stored.Add(1)
	}
	return err
}

func (w *watched) Measured(ctx context.Context) ([]face.MeasuredIndex, error) {
	w.looking.Lock()
	defer w.looking.Unlock()
	if w.failing.Load() {
		return nil, errors.New("the database is away")
	}
	return w.DB.Measured(ctx)
}

// unseen does something while nobody looks.
func (w *watched) unseen(do func()) {
	w.looking.Lock()
	defer w.looking.Unlock()
	do()
}

// log is what was logged, for several goroutines.
type log struct {
	sync.Mutex
	bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(p)
}

func (l *log) text() string {
	l.Lock()
	defer l.Unlock()
	return l.String()
}

// watch looks after a database until the test, or the returned function, ends it.
func (b *bench) watch(w *watched, cfg search.WatchConfig) (said *log, stop func()) {
	b.Helper()
	said = &log{}
	cfg.Source, cfg.Every, cfg.Logger = w, 20*time.Millisecond, slog.New(slog.NewTextHandler(said, nil))
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- search.Watch(ctx, cfg) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Errorf("watching ended with %v", err)
		}
	})
	b.Cleanup(stop)
	return said, stop
}

// recalled is what is known of the index of a space.
func (b *bench) recalled(s face.Space) face.RecallCurve {
	b.Helper()
	if r := b.listed(s).Indexes[0].Recall; r != nil {
		return *r
	}
	return face.RecallCurve{}
}

// What was never measured, has grown, was vacuumed, built anew or measured long ago is
// measured, once for each.
func TestWatchMeasures(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 30)
	w := &watched{DB: connect(t, b.url+"&application_name=watched").db, stored: new(atomic.Int32)}
	w.CompareUpTo(20)
	var told atomic.Value
	said, _ := b.watch(w, search.WatchConfig{Tell: func(m []face.MeasuredIndex) { told.Store(m) }})
	times := int32(0)
	measured := func(why string, rows int64) {
		t.Helper()
		times++
		b.until("never: "+why, func() bool {
			m, _ := told.Load().([]face.MeasuredIndex)
			return w.stored.Load() >= times && len(m) == 1 && m[0].Space == s && m[0].Metric == face.Cosine && m[0].Recall.Rows == rows && len(m[0].Recall.Points) == 6
		})
		time.Sleep(100 * time.Millisecond) // five looks
		if n := w.stored.Load(); n != times || b.recalled(s).Rows != rows {
			t.Errorf("%s: measured %d times, want %d; kept are %d rows of %d", why, n, times, b.recalled(s).Rows, rows)
		}
	}
	measured("never measured", 30)
	// 30 probes, however good, do not promise 0.99.
	if out := said.text(); !strings.Contains(out, "level=WARN") || !strings.Contains(out, "compare every template") || !strings.Contains(out, "visage index drop --space "+s.Name()) {
		t.Errorf("logged %s", out)
	}
	w.unseen(func() { // or it could be measured while it grows
		for n := range 100 {
			b.ok(b.db.Enrol(t.Context(), "g", []face.Enrolment{photo(fmt.Sprint("/more/", n), "sample-01", s, uint64(n)+9000)}))
		}
		b.exec(`ANALYZE visage.embeddings_1`)
	})
	measured("grown", 130)
	b.exec(`VACUUM visage.embeddings_1`)
	measured("vacuumed", 130)
	b.exec(`REINDEX INDEX visage.embeddings_1_hnsw`)
	measured("built anew by hand", 130)
	_, err := b.db.DropIndex(t.Context(), s, face.Cosine)
	b.ok(err)
	b.build(s, postgres.IndexSettings{M: 8})
	measured("built anew", 130)
	b.exec(`UPDATE visage.recall SET measured_at = now() - interval '25 hours'`)
	measured("old", 130)
	w.failing.Store(true)
	b.until("never: the outage is logged", func() bool { return strings.Contains(said.text(), "it is tried again") })
	b.exec(`DELETE FROM visage.recall`)
	w.failing.Store(false)
	measured("after the outage", 130)
	b.exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'watched'`)
	b.exec(`DELETE FROM visage.recall`)
	measured("after its connections were cut", 130)
}

// A curve that promised more is followed by a warning.
func TestWatchWarns(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 320)
	b.db.CompareUpTo(20)
	w := &watched{DB: b.db, stored: new(atomic.Int32)}
	for name, c := range map[string]struct {
		before []float64
		level  string
		words  string
	}{
		"kept before by less": {[]float64{1}, "WARN", "ef_search_before=10"},
		"not kept before":     {[]float64{0.5}, "INFO", "measured the recall"},
	} {
		curve := curveOf(320, c.before...)
		curve.Points[0].EfSearch, curve.Points[0].Promise = 10, c.before[0]
		b.ok(b.db.StoreRecall(t.Context(), s, curve))
		said, stop := b.watch(w, search.WatchConfig{})
		b.until("never: "+name, func() bool { return b.recalled(s).Probes == 300 && strings.Contains(said.text(), "level=") })
		stop()
		if out := said.text(); !strings.Contains(out, "level="+c.level) || !strings.Contains(out, c.words) {
			t.Errorf("%s: logged %s", name, out)
		}
		if keeps := b.recalled(s).Keeps(face.DefaultMinRecall); keeps != 40 {
			t.Errorf("%s: ef_search %d keeps the default, want 40 of a small gallery", name, keeps)
		}
	}
}

// Of several processes one measures; where it ends, another does.
func TestWatchTogether(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 60)
	b.db.CompareUpTo(20)
	var stored atomic.Int32
	first, second := &watched{DB: b.db, stored: &stored}, &watched{DB: connect(t, b.url).db, stored: &stored}
	second.CompareUpTo(20)
	hold, holding := make(chan struct{}), make(chan bool)
	go func() {
		alone, err := b.db.MeasureAlone(context.WithoutCancel(t.Context()), func(context.Context) error { holding <- true; <-hold; return nil })
		holding <- alone && err == nil
	}()
	<-holding
	b.watch(first, search.WatchConfig{})
	b.watch(second, search.WatchConfig{})
	time.Sleep(200 * time.Millisecond)
	if n := stored.Load(); n != 0 {
		t.Errorf("measured %d times beside another", n)
	}
	close(hold)
	if !<-holding {
		t.Error("the first was not alone")
	}
	b.until("never: measured", func() bool { return stored.Load() > 0 })
	time.Sleep(200 * time.Millisecond)
	if n := stored.Load(); n != 1 {
		t.Errorf("measured %d times by two", n)
	}
}

// Where every search compares everything there is nothing to measure.
func TestWatchLeavesAlone(t *testing.T) {
	t.Parallel()
	s := space("A", 16, true)
	b := loaded(t, s, 60)
	var looks atomic.Int32
	w := &watched{DB: b.db, stored: new(atomic.Int32)}
	b.ok(b.db.CreateGallery(t.Context(), "small"))
	cfg := search.WatchConfig{Tell: func([]face.MeasuredIndex) { looks.Add(1) }}
	_, stop := b.watch(w, cfg)
	b.until("never: looked", func() bool { return looks.Load() > 3 })
	stop()
	b.db.CompareUpTo(80) // the space is larger, its galleries are not
	for n := range 30 {
		b.ok(b.db.Enrol(t.Context(), "small", []face.Enrolment{photo(fmt.Sprint("/more/", n), "sample-01", s, uint64(n)+9000)}))
	}
	b.exec(`ANALYZE visage.embeddings_1`)
	looks.Store(0)
	b.watch(w, cfg)
	b.until("never: looked", func() bool { return looks.Load() > 3 })
	if n := w.stored.Load(); n != 0 {
		t.Errorf("measured %d times", n)
	}
	if all, err := b.db.Measured(t.Context()); err != nil || len(all) != 1 || all[0].Rows != 90 {
		t.Errorf("the indexes are %+v (%v)", all, err)
	}
	for _, cfg := range []search.WatchConfig{{}, {Source: w, Every: -1}} {
		b.fails(search.Watch(t.Context(), cfg), face.Invalid)
	}
}
