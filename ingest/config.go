package ingest

import (
	"runtime"
	"slices"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Mode says how far a run goes.
type Mode string

// The modes.
const (
	Enrol Mode = "enrol" // does it
	Plan  Mode = "plan"  // says what Enrol would do; embeds and stores nothing
)

// Config says what a run ingests, and where to.
type Config struct {
	// Root is the folder that holds the identity folders, or a tar, tar.gz or zip
	// file of it. Required.
	Root string
	// Gallery is where to enrol. Defaults to face.DefaultGallery.
	Gallery string
	// Space is the one that the embedder's templates live in. Required.
	Space face.Space
	// Also are further spaces of the embedder's: faces are found once and enrolled
	// in each. Defaults to none.
	Also []face.Space
	// Detector names the embedder's detector. A photograph that was rejected
	// with another one is tried again. Required.
	Detector string
	// Manifest names a file of comma-separated values, with the columns path (below
	// Root, or absolute), identity and optionally metadata (a JSON object), that
	// takes the place of the walk: only files that it names are looked at, and
	// their identities are those that it gives, or nobody's where it gives none.
	// It cannot be combined with Prune. Defaults to nothing.
	Manifest string
	// Include are patterns of which a file's path below Root must match one:
	// names with slashes between them, each as path.Match has it, and ** for
	// any number of names. Defaults to nothing, which includes all.
	Include []string
	// Exclude are such patterns for files and folders that are passed over. What
	// the gallery has of files that are not included, or excluded, stays. Defaults
	// to nothing.
	Exclude []string
	// Piece is the part of Root to ingest, which Cut handed out. Include and Exclude
	// have had their say of it, and it cannot be combined with Manifest or Prune.
	// Defaults to nil, which is all of Root.
	Piece *Piece
	// Gates are what a face needs to be enrolled. Defaults to none, and to the
	// most prominent face of photographs in identities' folders.
	Gates Gates
	// Mode says whether to enrol or only to plan. Defaults to Enrol.
	Mode Mode
	// Prune removes photographs from the gallery that have vanished from the
	// folder. Defaults to false: they are only counted.
	Prune bool
	// Workers is how many photographs are in hand at once, read or given to the
	// embedder. Each may hold MaxBytes. Defaults to the processors that the process
	// may use.
	Workers int
	// BatchSize is how many photographs are committed at once. A process that
	// is killed has embedded up to twice as many, and one per worker, in vain.
	// Defaults to 64.
	BatchSize int
	// MaxBytes is the largest file that is read, in bytes. Defaults to 64 MiB.
	MaxBytes int64
	// RetryFor bounds how long a ledger that is unavailable is tried again
	// before the run stops. Defaults to 30 s.
	RetryFor time.Duration
	// Rejected is called by one goroutine for every file, face and folder that
	// the report lists as not used, as soon as that is settled, and should return
	// at once. Defaults to nothing.
	Rejected func(Rejection)
	// Paused is called by any goroutine when the ledger is unavailable, so that
	// what it does waits, with the reason, and again when that has changed. It
	// should return at once. Defaults to nothing.
	Paused func(why error)
	// Progress is called by one goroutine after every photograph, and should
	// return at once. Defaults to nothing.
	Progress func(Progress)
}

// Progress is how far a run has come.
type Progress struct {
	Found  int  // files listed so far
	Walked bool // Found is final
	Done   int  // of Found, those that need no more work but to be committed
	Faces  int  // templates that Done gave, in all spaces
	Failed int  // of Done, those that were rejected
	// Settled is the report of what is committed so far. Its maps and lists are the
	// run's own: they are valid until the call returns, and not to be changed.
	Settled Report
}

// spaces are those of the run.
func (c Config) spaces() []face.Space { return append([]face.Space{c.Space}, c.Also...) }

// each is the configuration of each space by itself.
func (c Config) each() []Config {
	var out []Config
	for _, space := range c.spaces() {
		one := c
		one.Space, one.Also = space, nil
		out = append(out, one)
	}
	return out
}

func (c Config) withDefaults() Config {
	c.Gallery = orDefault(c.Gallery, face.DefaultGallery)
	c.Gates.Faces = orDefault(c.Gates.Faces, Largest)
	c.Mode = orDefault(c.Mode, Enrol)
	c.Workers = orDefault(c.Workers, runtime.GOMAXPROCS(0))
	c.BatchSize = orDefault(c.BatchSize, 64)
	c.MaxBytes = orDefault(c.MaxBytes, 64<<20)
	c.RetryFor = orDefault(c.RetryFor, 30*time.Second)
	if c.Rejected == nil {
		c.Rejected = func(Rejection) {}
	}
	if c.Paused == nil {
		c.Paused = func(error) {}
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	return c
}

// partial says whether the run looks at files that are named, not at all that
// there are.
func (c Config) partial() bool { return c.Manifest != "" || c.Piece != nil }

// named says whether identities are given, and not the folders' names.
func (c Config) named() bool { return c.Manifest != "" || c.Piece != nil && c.Piece.Named }

func orDefault[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func (c Config) validate() error {
	for _, rule := range []struct {
		field, want string
		holds       bool
	}{
		{"Root", "must name a folder", c.Root != ""},
		{"Space", "must name a recogniser and its dimension", !slices.ContainsFunc(c.spaces(), unnamed)},
		{"Also", "must not repeat a space", len(slices.Compact(slices.Sorted(slices.Values(names(c.spaces()))))) == 1+len(c.Also)},
		{"Detector", "must name the detector", c.Detector != ""},
		{"Gates.MinSide", "must not be negative", c.Gates.MinSide >= 0},
		{"Gates.MinConfidence", "must lie in 0 to 1", c.Gates.MinConfidence >= 0 && c.Gates.MinConfidence <= 1},
		{"Gates.MinSharpness", "must not be negative", c.Gates.MinSharpness >= 0},
		{"Gates.MaxResidual", "must not be negative", c.Gates.MaxResidual >= 0},
		{"Gates.MinQuality", "must lie in 0 to 1", c.Gates.MinQuality >= 0 && c.Gates.MinQuality <= 1},
		{"Gates.Faces", `must be "largest", "all" or "reject"`, slices.Contains([]Faces{Largest, All, Reject}, c.Gates.Faces)},
		{"Mode", `must be "enrol" or "plan"`, c.Mode == Enrol || c.Mode == Plan},
		{"Prune", "cannot be combined with a manifest, which leaves alone what it does not name", !c.Prune || c.Manifest == ""},
		{"Piece", "cannot be combined with a manifest or Prune: it leaves alone what it does not name", c.Piece == nil || c.Manifest == "" && !c.Prune},
		{"Workers", "must be at least 1", c.Workers > 0},
		{"BatchSize", "must be at least 1", c.BatchSize > 0},
		{"MaxBytes", "must be at least 1", c.MaxBytes > 0},
		{"RetryFor", "must not be negative", c.RetryFor > 0},
	} {
		if !rule.holds {
			return face.Errorf(face.Invalid, "ingest: %s %s", rule.field, rule.want)
		}
	}
	return nil
}

func unnamed(space face.Space) bool { return space.Recognizer == "" || space.Dim <= 0 }

func names(spaces []face.Space) []string {
	out := make([]string, len(spaces))
	for i, space := range spaces {
		out[i] = space.Name()
	}
	return out
}
