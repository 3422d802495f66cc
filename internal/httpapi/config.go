package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

// Config says what a Server serves.
type Config struct {
	// Store holds what is enrolled. Required.
	Store Store
	// Gallery is what is searched. Defaults to Store.
	Gallery search.Gallery
	// Position says how far the database's log goes, which answers to writes tell.
	// Defaults to not telling.
	Position func(context.Context) (face.Position, error)
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
	// Keys knows the callers' keys. Defaults to nobody being asked for one.
	Keys Keys
	// Auth says who is asked for a key. Defaults to AuthOnceThereAreKeys, and without
	// Keys to AuthNobody.
	Auth Auth
	// Origins are those whose web pages may send requests, such as
	// https://example.org. Defaults to none.
	Origins []string
	// Rate is how many requests a second each key, or each address without one, may
	// send; programs that need no key by AuthOnceThereAreKeys send any number. Defaults
	// to any number.
	Rate float64
	// Burst is how many it may send at once. Defaults to twice the Rate.
	Burst int
	// MaxRequests are under way at once; further ones are shed. Defaults to 1,024.
	MaxRequests int
	// MaxInferences are under way at once. More of them make larger batches. Defaults
	// to four for each processor, at least 8.
	MaxInferences int
	// MaxSearches are under way at once, in and before the connections to the
	// database. Defaults to 64.
	MaxSearches int
	// MaxWaiting wait for their turn to infer, and as many to search; further ones are
	// shed. Defaults to 256.
	MaxWaiting int
	// MaxWait is how long they wait. Defaults to 10 s.
	MaxWait time.Duration
	// MaxBody is how many bytes a request may have. Defaults to 64 MiB.
	MaxBody int64
	// MaxPhotos is how many photographs a request may have. Defaults to 32.
	MaxPhotos int
	// MaxFaces of a photograph are looked at, those with the largest boxes. Defaults
	// to 1,000.
	MaxFaces int
	// BodyTimeout bounds how long a client may take to send all of a request.
	// Defaults to 60 s.
	BodyTimeout time.Duration
	// Timeout bounds the work on one request. Defaults to 60 s.
	Timeout time.Duration
	// DrainDelay is how long requests are taken after /readyz says that no more should
	// come. Defaults to none.
	DrainDelay time.Duration
	// Checks are what /readyz tries.
	Checks []Check
	// Metrics count what is served. Defaults to not counting, without /metrics.
	Metrics Metrics
	// Tracer makes spans. Defaults to none.
	Tracer trace.Tracer
}

func (c Config) withDefaults() Config {
	c.MaxBody, c.MaxPhotos = cmp.Or(c.MaxBody, 64<<20), cmp.Or(c.MaxPhotos, 32)
	c.Timeout, c.BodyTimeout = cmp.Or(c.Timeout, time.Minute), cmp.Or(c.BodyTimeout, time.Minute)
	c.Burst = cmp.Or(c.Burst, int(math.Ceil(2*c.Rate)))
	c.MaxRequests, c.MaxFaces = cmp.Or(c.MaxRequests, 1024), cmp.Or(c.MaxFaces, 1000)
	c.MaxInferences = cmp.Or(c.MaxInferences, max(8, 4*runtime.GOMAXPROCS(0)))
	c.MaxSearches, c.MaxWaiting = cmp.Or(c.MaxSearches, 64), cmp.Or(c.MaxWaiting, 256)
	c.MaxWait = cmp.Or(c.MaxWait, 10*time.Second)
	if c.Gallery == nil {
		c.Gallery = c.Store
	}
	if c.Keys == nil {
		c.Auth = cmp.Or(c.Auth, AuthNobody)
	}
	c.Auth = cmp.Or(c.Auth, AuthOnceThereAreKeys)
	if c.Metrics == nil {
		c.Metrics = uncounted{}
	}
	if c.Tracer == nil {
		c.Tracer = noop.NewTracerProvider().Tracer("")
	}
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
		{"MaxPhotos", c.MaxPhotos > 0},
		{"MaxBody", c.MaxBody > 0}, {"MaxFaces", c.MaxFaces > 0}, {"Timeout", c.Timeout > 0}, {"BodyTimeout", c.BodyTimeout > 0},
		{"DrainDelay", c.DrainDelay >= 0}, {"Rate", c.Rate >= 0 && !math.IsInf(c.Rate, 0)}, {"Burst", c.Burst > 0 || c.Rate == 0},
		{"MaxRequests", c.MaxRequests > 0}, {"MaxInferences", c.MaxInferences > 0}, {"MaxSearches", c.MaxSearches > 0},
		{"MaxWaiting", c.MaxWaiting >= 0}, {"MaxWait", c.MaxWait > 0},
		{"Auth", c.Auth == AuthNobody || c.Auth == AuthOnceThereAreKeys || c.Auth == AuthKeys}, {"Keys", c.Keys != nil || c.Auth == AuthNobody},
	} {
		if !rule.holds {
			return face.Errorf(face.Invalid, "httpapi: Config.%s is missing or out of range", rule.field)
		}
	}
	return nil
}
