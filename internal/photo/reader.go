package photo

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// Reader reads photographs. It may be used by several goroutines at once, and
// holds nothing that would have to be closed.
type Reader struct {
	cfg  Config
	urls *fetcher
}

// New makes a Reader. The error is face.Invalid and names the field of Config
// that is wrong.
func New(cfg Config) (*Reader, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Reader{cfg, newFetcher(cfg)}, nil
}

// Read reads what a name of any kind stands for; see KindOf. The bytes may be
// none. Errors are face.Invalid (a kind that is not allowed, a URL that is
// refused, a data URI that is damaged), face.NotFound (no such file; the server
// answers 404 or 410), face.Unreadable (no right to read it, or not a regular
// file), face.TooLarge, face.Unsupported (a server compresses what it sends),
// face.Unavailable (network and servers) and face.Cancelled. The end of ctx
// cuts a download short, but not the reading of a file or the standard input.
func (r *Reader) Read(ctx context.Context, name string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, face.Wrap(face.Cancelled, err, "read %s", Name(name))
	}
	kind := KindOf(name)
	switch {
	case kind == File:
		return r.File(name)
	case kind == Inline:
		return r.Inline(name)
	case !r.allows(kind):
		return nil, r.refused(kind, name)
	case kind == Stdin:
		return r.stdin()
	default:
		return r.urls.fetch(ctx, name)
	}
}

func (r *Reader) allows(kind Kind) bool { return slices.Contains(r.cfg.Kinds, kind) }

func (r *Reader) refused(kind Kind, name string) error {
	allowed := make([]string, len(r.cfg.Kinds))
	for i, k := range r.cfg.Kinds {
		allowed[i] = string(k)
	}
	return face.Errorf(face.Invalid, "%s names a photograph by %s; here it can be named by %s only",
		shortened(Name(name)), kind, strings.Join(allowed, " or "))
}

// errTooLong says that there is more to read than the limit.
var errTooLong = errors.New("longer than the limit")

// readAll reads to the end. The error is from's own, or errTooLong.
func readAll(from io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, limit+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(data)) > limit:
		return nil, errTooLong
	default:
		return data, nil
	}
}
