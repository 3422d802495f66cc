package postgres

import (
	"context"

	"github.com/visagedb/visage/internal/face"
)

// Health is the state of a database, for doctor and version.
type Health struct {
	Server   string `json:"server"`   // PostgreSQL's version
	Pgvector string `json:"pgvector"` // empty where the extension is not installed
	Schema   uint   `json:"schema"`   // version of the schema; 0 for none
	Latest   uint   `json:"latest"`   // version that this program works with
	Dirty    bool   `json:"dirty"`    // a migration was cut short
	// Defects are known faults of this pgvector, each with the release that
	// mends it.
	Defects []string `json:"defects,omitempty"`
}

// RecommendedPgvector is the first release without known defects that matter
// here.
const RecommendedPgvector = "0.8.6"

// Health asks the database how it is. It returns Unavailable where it does not
// answer.
func (d *DB) Health(ctx context.Context) (Health, error) {
	const query = `
		SELECT current_setting('server_version'),
		       coalesce((SELECT extversion FROM pg_extension WHERE extname = 'vector'), '')`
	var h Health
	if err := d.pool.QueryRow(ctx, query).Scan(&h.Server, &h.Pgvector); err != nil {
		return h, interpret("postgres.Health", err)
	}
	var err error
	if h.Schema, h.Dirty, err = d.MigrateVersion(ctx); err != nil {
		return h, err
	}
	if h.Latest, err = LatestVersion(); err != nil {
		return h, err
	}
	if h.Pgvector != "" {
		h.Defects = defects(h.Pgvector)
	}
	return h, nil
}

// RequireSchema returns Unavailable where the schema is not the one that this
// program works with, and says how to get it.
func (d *DB) RequireSchema(ctx context.Context) error {
	version, dirty, err := d.MigrateVersion(ctx)
	if err != nil {
		return err
	}
	latest, err := LatestVersion()
	switch {
	case err != nil:
		return err
	case dirty:
		return face.Errorf(face.Unavailable, "a migration of the database to version %d is under way, or was cut short: see visage doctor", version)
	case version < latest:
		return face.Errorf(face.Unavailable, "the database has schema version %d, this program needs %d: run visage migrate up", version, latest)
	case version > latest:
		return face.Errorf(face.Unavailable, "the database has schema version %d, this program knows only %d: use a newer visage", version, latest)
	default:
		return d.requireQueue(ctx)
	}
}

// defects lists what is wrong with a pgvector release, from its CHANGELOG.
func defects(version string) []string {
	var found []string
	for _, known := range []struct{ mended, what string }{
		{"0.8.2", "parallel builds of HNSW indexes can overflow a buffer (CVE-2026-3172)"},
		{"0.8.3", "vacuum can damage HNSW indexes"},
		{"0.8.4", "vacuum can leave the graph of an HNSW index unrepaired"},
	} {
		if older(version, known.mended) {
			found = append(found, known.what+"; mended in "+known.mended)
		}
	}
	return found
}
