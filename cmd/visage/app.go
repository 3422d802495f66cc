package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/embed/registry"
	"github.com/visagedb/visage/internal/config"
	"github.com/visagedb/visage/internal/pgserver"
	"github.com/visagedb/visage/internal/postgres"
)

// app is what the commands share.
type app struct {
	settings    config.Settings
	log         *slog.Logger
	out, errOut io.Writer
}

// withDatabase connects, to a private Postgres where no other is named, sees to
// the schema, and closes all of it after use.
func (a *app) withDatabase(ctx context.Context, use func(*postgres.DB) error) error {
	return a.withRawDatabase(ctx, func(db *postgres.DB) error {
		if err := a.seeToSchema(ctx, db); err != nil {
			return err
		}
		return use(db)
	})
}

// seeToSchema keeps a private Postgres at the schema of this program, and
// requires it of another.
func (a *app) seeToSchema(ctx context.Context, db *postgres.DB) error {
	if a.settings.DatabaseURL != "" {
		return db.RequireSchema(ctx)
	}
	return db.MigrateUp(ctx)
}

// withRawDatabase connects whatever the schema is.
func (a *app) withRawDatabase(ctx context.Context, use func(*postgres.DB) error) error {
	return a.withURL(ctx, func(url string) error { return a.withDatabaseAt(ctx, url, use) })
}

// withURL names the database: the one that was given, or else the private one,
// which runs meanwhile.
func (a *app) withURL(ctx context.Context, use func(url string) error) error {
	if a.settings.DatabaseURL != "" {
		return use(a.settings.DatabaseURL)
	}
	return a.withServer(ctx, use)
}

// withServer runs the private Postgres while it is used.
func (a *app) withServer(ctx context.Context, use func(url string) error) (err error) {
	server, err := pgserver.Start(ctx, a.pgserver())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	return use(server.URL())
}

func (a *app) withDatabaseAt(ctx context.Context, url string, use func(*postgres.DB) error) error {
	db, err := postgres.Open(ctx, postgres.Config{
		URL: url, ReplicaURL: a.settings.ReplicaURL, ReplicaLag: a.settings.ReplicaLag, Logger: a.log,
	})
	if err != nil {
		return err
	}
	defer db.Close()
	return use(db)
}

func (a *app) pgserver() pgserver.Config {
	return pgserver.Config{Home: a.settings.Home, Logger: a.log}
}

// store finds the weights of the program's and the user's own models in the home
// folder and in the folders of --models.
func (a *app) store() (*registry.Store, error) {
	entries, err := registry.Entries()
	if err != nil {
		return nil, err
	}
	own, err := registry.Own(a.settings.ModelsFile, entries)
	if err != nil {
		return nil, err
	}
	entries = append(entries, own...)
	for _, dir := range a.settings.Models {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			a.log.Warn("no weights are found there: it is no folder", "models", dir)
		}
	}
	dirs := append([]string{filepath.Join(a.settings.Home, "models")}, a.settings.Models...)
	return registry.NewStore(entries, dirs...), nil
}

// withEmbedder opens the models, and closes them after use.
func (a *app) withEmbedder(cfg embed.Config, use func(*embed.Embedder) error) (err error) {
	e, err := a.openEmbedder(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	return use(e)
}

// openEmbedder opens the models and says aloud which were chosen by default. The
// caller closes them.
func (a *app) openEmbedder(cfg embed.Config) (*embed.Embedder, error) {
	store, err := a.store()
	if err != nil {
		return nil, err
	}
	cfg.Store, cfg.OrtLib = store, a.settings.OrtLib
	e, err := embed.Open(cfg)
	if err != nil {
		return nil, err
	}
	var chosen []any
	if cfg.Detector == "" {
		chosen = append(chosen, "detector", e.Detector())
	}
	if cfg.Recognizer == "" {
		chosen = append(chosen, "recognizer", e.Recognizer())
	}
	if len(chosen) > 0 {
		for _, problem := range store.Problems() {
			a.log.Warn("weights that cannot be used", "problem", problem)
		}
		a.log.Info("using the best that is installed", chosen...)
	}
	return e, nil
}
