package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"math"
	"net/http"
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
	// Models lends the networks. Required.
	Models Models
	// Photos reads what a caller sends or names as a photograph. Required.
	Photos Photos
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

// Keys knows the keys of callers. *postgres.DB is one.
type Keys interface {
	// Key returns the key with a public id, and whether there is one.
	Key(ctx context.Context, id string) (face.Key, bool, error)
	// AnyKey says whether a key was ever made.
	AnyKey(ctx context.Context) (bool, error)
	// UseKey notes that a key was used.
	UseKey(ctx context.Context, id string) error
}

// Metrics count what is served.
type Metrics interface {
	// Served counts a request. The route is a pattern, empty for an unknown one.
	Served(method, route string, status int, took time.Duration)
	// Stage counts a part of a request: wait, embed or search.
	Stage(name string, took time.Duration)
	// Handler gives the counts to Prometheus.
	Handler() http.Handler
}

// uncounted are Metrics that forget.
type uncounted struct{}

func (uncounted) Served(string, string, int, time.Duration) {}
func (uncounted) Stage(string, time.Duration)               {}
func (uncounted) Handler() http.Handler                     { return http.NotFoundHandler() }

// Store is what the routes need of the database.
type Store interface {
	search.Gallery
	// Enrol stores outcomes, all or none.
	Enrol(ctx context.Context, gallery string, batch []face.Enrolment) error
}

// Models lends networks that are open.
type Models interface {
	// Lend gives an Embedder for the choice, which the caller gives back by calling
	// the function once. It returns NotFound for an unknown name, Unavailable for what
	// is not installed, Invalid for settings that do not go together, and Cancelled.
	Lend(ctx context.Context, choice Choice) (Embedder, func(), error)
}

// Choice are the models of a request, and how it wants faces prepared.
type Choice struct {
	Recognizer string // empty for the server's own
	Detector   string // empty for the server's own
	// Unaligned cuts out the detector's box as it is.
	Unaligned bool
	// Expand grows boxes that are not aligned by landmarks, in percent.
	Expand int
	// Normalization is DeepFace's; empty for the model's own.
	Normalization string
}

// Embedder turns photographs into templates of one space.
type Embedder interface {
	Space() face.Space
	Recognizer() string
	Detector() string
	Thresholds() face.Thresholds
	// Faces finds the faces of a photograph and makes a template of each. It returns
	// the codes of photographs (NoFace, Unsupported, Undecodable, TooLarge, Empty) and
	// Cancelled.
	Faces(ctx context.Context, photo []byte, want Wanted) (face.Photo, error)
}

// Wanted says which faces of a photograph to return.
type Wanted struct {
	// MaxFaces keeps those with the largest boxes; 0 keeps all.
	MaxFaces int
	// Anyway takes the whole photograph for a face where none is found.
	Anyway bool
}

// Photos reads a photograph from a text that was sent: base64, a data URI, or a URL
// where the operator allows them. It returns Invalid for any other, among them paths.
type Photos interface {
	Read(ctx context.Context, text string) ([]byte, error)
}

func (c Config) withDefaults() Config {
	c.MaxBody = cmp.Or(c.MaxBody, 64<<20)
	c.Timeout, c.BodyTimeout = cmp.Or(c.Timeout, time.Minute), cmp.Or(c.BodyTimeout, time.Minute)
	c.Burst = cmp.Or(c.Burst, int(math.Ceil(2*c.Rate)))
	c.MaxRequests, c.MaxFaces = cmp.Or(c.MaxRequests, 1024), cmp.Or(c.MaxFaces, 1000)
	c.MaxInferences = cmp.Or(c.MaxInferences, max(8, 4*runtime.GOMAXPROCS(0)))
	c.MaxSearches, c.MaxWaiting = cmp.Or(c.MaxSearches, 64), cmp.Or(c.MaxWaiting, 256)
	c.MaxWait = cmp.Or(c.MaxWait, 10*time.Second)
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
