package registry

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// partSuffix ends the name of a file that is not yet in its place.
const partSuffix = ".part"

// Download says how Pull goes about it.
type Download struct {
	// Client defaults to http.DefaultClient.
	Client *http.Client
	// Unpinned allows files that no published hash vouches for. What comes first
	// is taken on trust, recorded in pins.yaml, and required from then on.
	Unpinned bool
	// Stall is how long a server may send nothing before it is given up; what came
	// is kept as after any cut. Defaults to a minute.
	Stall time.Duration
	// Progress is told how many of how many bytes of a file, or of the archive
	// that it is in, are there. The second number is 0 where the server does not
	// say it. Defaults to telling nobody.
	Progress func(f File, have, of int64)
}

func (d Download) withDefaults() Download {
	if d.Client == nil {
		d.Client = http.DefaultClient
	}
	if d.Stall == 0 {
		d.Stall = time.Minute
	}
	if d.Progress == nil {
		d.Progress = func(File, int64, int64) {}
	}
	return d
}

// Placed is a file that was put into the store's first directory.
type Placed struct {
	File  File // with hash and size
	Path  string
	First bool // its SHA-256 was unknown, and was recorded now
}

// Pull downloads a file of the model, and all of its parts, into the store's
// first directory. A download that was cut short is taken up where it ended if
// the file's hash and size are known, and begun anew otherwise. Where the network
// or a server fails, the file's mirrors are tried in turn; they never are after
// other bytes than the right ones, which are to be looked into, not passed over.
// A file takes its place only after all is verified that is known of it, and its
// SHA-256 recorded where nobody knew it; otherwise the download is thrown away.
// Errors are face.Invalid (no URL, or nothing vouches for the file and Unpinned
// is not set), face.Unavailable (network, server, disk), face.Mismatch (other
// bytes than the registry's, or than those first pulled; a damaged archive or
// pins.yaml) and face.Cancelled.
func (s *Store) Pull(ctx context.Context, e Entry, f File, how Download) ([]Placed, error) {
	e = s.entry(e)
	if whole, ok := e.FileNamed(f.Name); ok && !f.Known() {
		f = whole
	}
	switch {
	case !f.Pullable():
		return nil, face.Errorf(face.Invalid, "%s of %s cannot be pulled: %s", f.Name, e.Name, e.remedy(f))
	case !f.Known() && s.unpinned != nil:
		return nil, s.unpinned
	case !f.Vouched() && !how.Unpinned:
		return nil, face.Errorf(face.Invalid,
			"the publisher of %s of %s gives no hash, so what is downloaded the first time cannot be verified; to trust it, and to be held to it from then on, %s", f.Name, e.Name, e.remedy(f))
	}
	var placed []Placed
	for _, part := range f.All() {
		p, err := s.pull(ctx, e, part, how.withDefaults())
		if err != nil {
			return placed, s.explain(e, part, err)
		}
		placed = append(placed, p)
	}
	return placed, nil
}

// pull downloads one file, which nobody else downloads at the same time.
func (s *Store) pull(ctx context.Context, e Entry, f File, how Download) (Placed, error) {
	if err := os.MkdirAll(s.dirs[0], 0o755); err != nil {
		return Placed{}, face.Wrap(face.Unavailable, err, "models folder")
	}
	name := f.Name + partSuffix
	if f.Archive != "" {
		name = f.Name + "." + f.Archive + partSuffix
	}
	part, err := openPart(filepath.Join(s.dirs[0], name))
	if err != nil {
		return Placed{}, err
	}
	var placed Placed
	if f.URL, err = download(ctx, f, part, how); err == nil {
		if f.Archive != "" {
			placed, err = s.unpack(e, f, part)
		} else {
			placed, err = s.settle(e, f, part.Name())
		}
	}
	if f.Archive != "" || err != nil && (!f.resumable() || face.CodeOf(err) == face.Mismatch || nothing(part)) {
		err = errors.Join(err, os.Remove(part.Name()))
	}
	return placed, errors.Join(err, part.Close())
}

// nothing says whether not a byte of a download has come.
func nothing(part *os.File) bool {
	info, err := part.Stat()
	return err == nil && info.Size() == 0
}

// explain says of a file that is not as it was first pulled what to do.
func (s *Store) explain(e Entry, f File, err error) error {
	i := slices.IndexFunc(s.pins, Pin{Kind: e.Kind, Model: e.Name, File: f.Name}.sameFile)
	if !f.Unpinned || f.SHA256 == "" || i < 0 || face.CodeOf(err) != face.Mismatch {
		return err
	}
	return s.otherThanPinned(e, s.pins[i], err)
}
