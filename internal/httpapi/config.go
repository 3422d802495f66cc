package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"time"

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
	// Resources are served below /v1. Defaults to none.
	Resources Resources
	// Logger defaults to one that is silent.
	Logger *slog.Logger
	// MaxBody is how many bytes a request may have. Defaults to 64 MiB.
	MaxBody int64
	// Timeout bounds the work on one request. Defaults to 60 s.
	Timeout time.Duration
}

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
	c.Timeout = cmp.Or(c.Timeout, time.Minute)
	c.Resources = c.Resources.withDefaults()
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
		{"MaxBody", c.MaxBody > 0}, {"Timeout", c.Timeout > 0},
	} {
		if !rule.holds {
			return face.Errorf(face.Invalid, "httpapi: Config.%s is missing or out of range", rule.field)
		}
	}
	return nil
}
