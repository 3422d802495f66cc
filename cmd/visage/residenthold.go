package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
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
)

// holding keeps a copy of the templates, from one start of the program to the next.
type holding struct {
	app    *app
	db     *postgres.DB
	folder string
	copy   *resident.Copy
	from   face.Position
	origin string // of the copy
}

// hold takes up the copy that an earlier program left in the home folder, or else
// begins with an empty one.
func (a *app) hold(db *postgres.DB, limit int64) *holding {
	h := &holding{app: a, db: db, folder: filepath.Join(a.settings.Home, "resident")}
	cfg := resident.CopyConfig{MemoryLimit: limit, Logger: a.log}
	begun := time.Now()
	var err error
	if h.copy, h.origin, h.from, err = resident.OpenCopy(h.folder, cfg); err == nil {
		a.log.Info("the templates in memory are those of the last time", "bytes", h.copy.Bytes(), "position", h.from, "seconds", time.Since(begun).Seconds())
		return h
	}
	if face.CodeOf(err) != face.NotFound {
		a.log.Warn("the templates of the last time are not used", "reason", err)
	}
	h.copy, h.origin, h.from = resident.NewCopy(cfg), "", 0
	return h
}

// follow keeps the copy in step until ctx ends.
func (h *holding) follow(ctx context.Context) error {
	slot, err := h.slot()
	if err != nil {
		return err
	}
	told := &begun{Copy: h.copy, h: h}
	return h.db.Follow(ctx, postgres.FollowConfig{Slot: slot, From: h.from, Origin: h.origin, Logger: h.app.log}, told)
}

// slot names this program, by a word that is kept in the home folder beside the copy: a
// container has another host name each time.
func (h *holding) slot() (string, error) {
	path := filepath.Join(h.folder, "program")
	name, err := os.ReadFile(path)
	if err == nil && len(name) > 0 {
		return string(name), nil
	}
	name = []byte(rand.Text())
	if err = os.MkdirAll(h.folder, 0o700); err == nil {
		err = os.WriteFile(path, name, 0o600)
	}
	if err != nil {
		return "", face.Wrap(face.Unavailable, err, "keep the program's name in %s: see that the folder is yours", h.folder)
	}
	return string(name), nil
}

// begun notes of which database the copy is when it is begun anew.
type begun struct {
	*resident.Copy
	h *holding
}

// Begin is postgres.Follower's.
func (b *begun) Begin(ctx context.Context, spaces map[int32]face.Space) (err error) {
	if b.h.origin, err = b.h.db.Origin(ctx); err != nil {
		return err
	}
	return b.Copy.Begin(ctx, spaces)
}

// gallery searches in the copy.
func (h *holding) gallery() *resident.Gallery {
	return resident.NewGallery(resident.GalleryConfig{Source: h.copy, Exact: h.db, Fallback: h.db})
}

// leave keeps the copy for the next time. Nothing may follow the database any more.
func (h *holding) leave() error {
	err := h.copy.Save(h.folder, h.origin)
	if err != nil { // it is made anew then
		h.app.log.Warn("the templates in memory are not kept for the next time", "reason", err)
	}
	return h.copy.Close()
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
