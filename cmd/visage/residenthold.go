package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/telemetry"
	"github.com/visagedb/visage/search/resident"
)

// What follows the database, and has the last word on searches.
var (
	_ postgres.Follower = (*resident.Copy)(nil)
	_ resident.Exact    = (*postgres.DB)(nil)
	_ resident.Meter    = (*telemetry.Resident)(nil)
)

// holding keeps a copy of the templates, from one start of the program to the next.
type holding struct {
	app    *app
	db     *postgres.DB
	folder string
	copy   *resident.Copy
	from   face.Position
	origin string // of the copy; empty where that is not known
	name   string // of the program, for the database
	// mine is the lock on the folder; refused is why there is none.
	mine    *os.File
	refused error
}

// hold takes up the copy that an earlier program left in the home folder, or else
// begins with an empty one.
func (a *app) hold(db *postgres.DB, limit int64) *holding {
	h := &holding{app: a, db: db, folder: a.residentFolder()}
	cfg := resident.CopyConfig{MemoryLimit: limit, Logger: a.log}
	h.copy = resident.NewCopy(cfg)
	var err error
	if h.name, h.mine, err = lockedName(h.folder); err != nil {
		h.refused = err
		return h
	}
	begun := time.Now()
	left, origin, at, err := resident.OpenCopy(h.folder, cfg)
	switch face.CodeOf(err) {
	case "":
		h.copy, h.origin, h.from = left, origin, at
		a.log.Info("the templates in memory are those of the last time", "bytes", left.Bytes(), "position", at, "seconds", time.Since(begun).Seconds())
	case face.NotFound:
	default:
		a.log.Warn("the templates of the last time are not used", "reason", err)
	}
	return h
}

func (a *app) residentFolder() string { return filepath.Join(a.settings.Home, "resident") }

// lockedName is the word by which the database knows this program, which is kept in the
// folder beside the copy: a container has another host name each time. It is this
// program's alone until the file is closed. It returns Unavailable where another program
// has it.
func lockedName(folder string) (name string, mine *os.File, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", nil, face.Wrap(face.Unavailable, err, "make %s: see that the home folder is yours", folder)
	}
	path := filepath.Join(folder, "program")
	mine, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", nil, face.Wrap(face.Unavailable, err, "keep the program's name: see that the home folder is yours")
	}
	if err := syscall.Flock(int(mine.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return "", nil, errors.Join(face.Wrap(face.Unavailable, err, "another program holds the templates of the home folder in memory: give this one a home folder of its own"), mine.Close())
	}
	text, err := io.ReadAll(mine)
	if err == nil && len(text) == 0 {
		text = []byte(rand.Text())
		_, err = mine.Write(text)
	}
	if err != nil {
		return "", nil, errors.Join(face.Wrap(face.Unavailable, err, "keep the program's name in %s", path), mine.Close())
	}
	return string(text), mine, nil
}

// follow keeps the copy in step until ctx ends.
func (h *holding) follow(ctx context.Context) error {
	if h.refused != nil {
		return h.refused
	}
	looking, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { look(looking, h.db, h.copy) })
	defer done.Wait()
	defer stop()
	told := &begun{Copy: h.copy, h: h}
	return h.db.Follow(ctx, postgres.FollowConfig{Slot: h.name, From: h.from, Origin: h.origin, Logger: h.app.log}, told)
}

// lookEvery is how often the copy learns where the database stands.
const lookEvery = time.Second

// look tells a copy where the database stands, until ctx ends. While the database is
// away the copy grows older.
func look(ctx context.Context, db *postgres.DB, c *resident.Copy) {
	clock := time.NewTicker(lookEvery)
	defer clock.Stop()
	for {
		asked := time.Now() // it stands farther when the answer is there
		if at, err := db.CurrentPosition(ctx); err == nil {
			c.Seen(at, asked)
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}

// begun notes of which database the copy is when it is begun anew. One of which that is
// not known is not kept.
type begun struct {
	*resident.Copy
	h *holding
}

// Begin is postgres.Follower's.
func (b *begun) Begin(ctx context.Context, spaces map[int32]face.Space) (err error) {
	if b.h.origin, err = b.h.db.Origin(ctx); err != nil {
		b.h.app.log.Warn("the templates in memory will not be kept for the next time", "reason", err)
	}
	return b.Copy.Begin(ctx, spaces)
}

// gallery searches in the copy.
func (h *holding) gallery(m *telemetry.Metrics) *resident.Gallery {
	return resident.NewGallery(resident.GalleryConfig{Source: h.copy, Exact: h.db, Fallback: h.db, Meter: m.Resident()})
}

// leave keeps the copy for the next time. Nothing may follow the database any more.
func (h *holding) leave() error {
	if h.mine == nil {
		return h.copy.Close()
	}
	if h.origin != "" {
		if err := h.copy.Save(h.folder, h.origin); err != nil { // it is made anew then
			h.app.log.Warn("the templates in memory are not kept for the next time", "reason", err)
		}
	}
	return errors.Join(h.copy.Close(), h.mine.Close())
}

// forgetResident has the database forget the program, and removes what it kept, where
// templates were held in memory before and are not any more. It is tried again the next
// time.
func (a *app) forgetResident(ctx context.Context, db *postgres.DB) {
	folder := a.residentFolder()
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return
	}
	name, mine, err := lockedName(folder)
	if err == nil {
		err = db.DropSlot(ctx, name)
		if err == nil {
			err = os.RemoveAll(folder)
		}
		err = errors.Join(err, mine.Close())
	}
	if err != nil {
		a.log.Warn("what was held in memory before is not forgotten yet", "folder", folder, "reason", err)
	}
}

// gauges tell what the copy is.
func (h *holding) gauges(m *telemetry.Metrics) {
	m.Gauge("visage_resident_rows", "Templates that are held in memory.", func() float64 {
		rows := 0
		for _, held := range h.copy.Held() {
			rows += held.Rows
		}
		return float64(rows)
	})
	m.Gauge("visage_resident_bytes", "Memory that they take.", func() float64 { return float64(h.copy.Bytes()) })
	m.Gauge("visage_resident_whole", "1 where they are all those of the database, 0 while they are loaded and where it cannot be followed.", func() float64 {
		if _, _, whole := h.copy.Standing(); whole {
			return 1
		}
		return 0
	})
	m.Gauge("visage_resident_lag_seconds", "How long ago they were known to be those of the database.", func() float64 {
		_, lag, whole := h.copy.Standing()
		if !whole {
			return 0
		}
		return lag.Seconds()
	})
}
