package ingest

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// PieceSize is the most files that a Piece has: as many as a run commits at once,
// so that a piece whose run is cut short has cost little.
const PieceSize = 64

// Piece is a part of a source that can be ingested by itself, on another machine
// that sees the source under the same path.
type Piece struct {
	// Files are files of a folder. None is all of an archive, which can only be
	// read as a whole.
	Files []Listed
	// Named says that the files' identities come from a manifest, rather than from
	// their folders.
	Named bool
	// Seen tells apart the states of the files in which the piece was cut: it is a
	// hash of their sizes and times.
	Seen string
}

// Listed is one file of a piece. Its strings are what the file system and the
// manifest have, of any bytes.
type Listed struct {
	Path     string // below the root, as listed: the ledger knows it by this
	Name     string // below the root, through no link: it is opened by this
	Identity string // may be empty: the file is nobody's
	Metadata string // a JSON object, or nothing
}

// listedFiles are files of a folder that a Piece names.
type listedFiles struct {
	*tree
	piece   Piece
	found   func(photo)
	refused func(path string, why *face.Error)
	listing
}

// openPiece opens the folder that a piece is of.
func openPiece(root string, piece Piece) (source, error) {
	for _, file := range piece.Files {
		if !below(file.Path) || !below(file.Name) {
			return nil, face.Errorf(face.Invalid, "ingest: the piece's file %q is not one below %s", face.Readable(file.Path), face.Readable(root))
		}
	}
	t, err := openTree(root)
	if err != nil {
		return nil, err
	}
	return &listedFiles{tree: t, piece: piece}, nil
}

func below(name string) bool {
	return name != "." && filepath.IsLocal(name) && !strings.Contains(name, "\x00")
}

func (f *listedFiles) lister(found func(photo), refused func(string, *face.Error)) lister {
	f.found, f.refused = found, refused
	return f
}

// walk returns Vanished where none of the files is there: that is rather a
// folder that is not mounted than one of which just these were removed.
func (f *listedFiles) walk(ctx context.Context) error {
	gone := 0
	for _, file := range f.piece.Files {
		path := f.absolute(file.Path)
		info, err := f.stat(file.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			gone++
			f.refused(path, fileError(err))
		case err != nil:
			f.refused(path, fileError(err))
		case !info.Mode().IsRegular():
			f.refused(path, face.Errorf(face.Unreadable, "not a regular file but %s", kindOf(info.Mode())))
		default:
			f.found(photo{
				path: path, name: file.Name, identity: file.Identity, metadata: file.Metadata,
				size: info.Size(), modTime: ledgerTime(info.ModTime()),
			})
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if gone == len(f.piece.Files) {
		return face.Errorf(face.Vanished, "ingest: none of the %d files is in %s: see that the folder is the one that was listed, and is mounted", gone, face.Readable(f.path))
	}
	return nil
}
