package httpapi

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Config says what a Server serves.
type Config struct {
	// Store holds what is enrolled. Required.
	Store Store
	// Models lends the networks. Required.
	Models Models
	// Photos reads what a caller sends or names as a photograph. Required.
	Photos Photos
	// Builder builds indexes. Defaults to none: /build/index is then unavailable.
	Builder Builder
	// Analyzer estimates attributes. Defaults to none: /analyze is then unavailable.
	Analyzer Analyzer
	// Resources are served below /v1. Defaults to none.
	Resources Resources
	// Logger defaults to one that is silent.
	Logger *slog.Logger
	// MaxBody is how many bytes a request may have. Defaults to 64 MiB.
	MaxBody int64
	// MaxPhotos is how many photographs a request may have. Defaults to 32.
	MaxPhotos int
	// Timeout bounds the work on one request. Defaults to 60 s.
	Timeout time.Duration
}

func (c Config) withDefaults() Config {
	c.MaxBody = cmp.Or(c.MaxBody, 64<<20)
	c.MaxPhotos = cmp.Or(c.MaxPhotos, 32)
	c.Timeout = cmp.Or(c.Timeout, time.Minute)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	for _, rule := range []struct {
		field string
		holds bool
	}{
		{"Store", c.Store != nil}, {"Models", c.Models != nil}, {"Photos", c.Photos != nil},
		{"Resources", c.Resources.complete()},
		{"MaxBody", c.MaxBody > 0}, {"MaxPhotos", c.MaxPhotos > 0}, {"Timeout", c.Timeout > 0},
	} {
		if !rule.holds {
			return face.Errorf(face.Invalid, "httpapi: Config.%s is missing or out of range", rule.field)
		}
	}
	return nil
}
