package ingest

import (
	"context"
	"errors"
	"os"

	"github.com/visagedb/visage/internal/face"
)

// source is what is ingested: a folder, files of it that a manifest or a piece
// names, or an archive.
type source interface {
	files
	// base is the absolute path that all paths of the source begin with.
	base() string
	close() error
	// lister makes what lists the source. It hands on photographs, and the
	// paths of what cannot be one.
	lister(found func(photo), refused func(path string, why *face.Error)) lister
	// holds says whether there is a file of the given absolute path that goes by
	// no other name.
	holds(path string) bool
	// lacks says whether an absolute path is one of the source and has nothing
	// there.
	lacks(path string) bool
}

// lister lists a source once.
type lister interface {
	// walk returns an error only where ctx has ended or nothing can be listed.
	walk(ctx context.Context) error
	// sum is what walk has come to know besides.
	sum() listing
}

// listing is what a lister saw besides photographs.
type listing struct {
	hidden, excluded int
	skipped          []Rejection
	blind            map[string]bool // absolute paths that may hide more than was seen
}

func (l *listing) sum() listing { return *l }

// folderTree is a folder that is walked.
type folderTree struct {
	*tree
	chosen sieve
}

func (f folderTree) lister(found func(photo), refused func(string, *face.Error)) lister {
	w := newWalker(f.tree, found, refused)
	w.sieve = f.chosen
	return w
}

// openSource opens what cfg names. It returns NotFound, Unreadable or Invalid.
func openSource(cfg Config, chosen sieve) (source, error) {
	if cfg.Piece != nil && len(cfg.Piece.Files) > 0 {
		return openPiece(cfg.Root, *cfg.Piece)
	}
	root, err := realPath(cfg.Root)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(root)
	if err != nil {
		return nil, rootError(cfg.Root, err)
	}
	if info.Mode().IsRegular() {
		if cfg.Manifest != "" {
			return nil, face.Errorf(face.Invalid, "ingest: a manifest names files of a folder, and %q is a file", cfg.Root)
		}
		return openArchive(root, info, cfg.MaxBytes, chosen)
	}
	if cfg.Piece != nil {
		return nil, face.Errorf(face.Invalid, "ingest: a piece without files is an archive, and %q is none", cfg.Root)
	}
	t, err := openTree(root)
	if err != nil {
		return nil, err
	}
	if cfg.Manifest == "" {
		return folderTree{tree: t, chosen: chosen}, nil
	}
	m, err := openManifest(cfg.Manifest, t, chosen)
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return m, nil
}
