package ingest

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// photo is a regular file that was found.
type photo struct {
	path     string // absolute, as listed: the ledger knows it by this
	name     string // below the root, through no link: it is opened by this
	identity string
	metadata string // a JSON object, or nothing
	size     int64
	modTime  time.Time
	held     *content // its content, but for the sum, where it came with it
}

// folder is one that is to be listed.
type folder struct {
	listed string // below the root, as it was come by
	name   string // below the root, through no link
}

// walker lists a tree. Folders are read a few hundred names at a time and
// photographs handed on at once, so that memory holds the names of the
// folders still to be listed and nothing else.
type walker struct {
	tree    *tree
	found   func(photo)
	refused func(path string, why *face.Error)

	sieve   sieve
	visited map[id]bool
	links   []folder
	listing
}

const namesAtOnce = 512

func newWalker(t *tree, found func(photo), refused func(string, *face.Error)) *walker {
	return &walker{tree: t, found: found, refused: refused, visited: map[id]bool{}, listing: listing{blind: map[string]bool{}}}
}

// walk lists the whole tree. It returns an error only where ctx has ended, or
// where the root itself cannot be listed.
func (w *walker) walk(ctx context.Context) error {
	if err := w.descend(ctx, folder{listed: ".", name: "."}); err != nil {
		return err
	}
	if w.blind[w.tree.path] {
		return face.Errorf(face.Unreadable, "ingest: %s %s", w.skipped[0].Path, w.skipped[0].Message)
	}
	for len(w.links) > 0 {
		next := w.links[0]
		w.links = w.links[1:]
		if err := w.descend(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) descend(ctx context.Context, top folder) error {
	for todo := []folder{top}; len(todo) > 0; {
		last := len(todo) - 1
		next := todo[last]
		below, err := w.list(ctx, next)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			w.skip(next, err)
		}
		todo = append(todo[:last], below...)
	}
	return nil
}

// list hands on the files of one folder and returns the folders in it.
func (w *walker) list(ctx context.Context, in folder) ([]folder, error) {
	dir, err := w.tree.openFolder(in.name)
	if err != nil {
		return nil, err
	}
	defer dir.Close() // nothing was written
	info, err := dir.Stat()
	if err != nil {
		return nil, err
	}
	if w.visited[idOf(info)] {
		return nil, face.Errorf(face.Exists, "is read under its own name, not again as %s", face.Readable(in.listed))
	}
	w.visited[idOf(info)] = true
	var below []folder
	for ctx.Err() == nil {
		entries, err := dir.ReadDir(namesAtOnce)
		for _, e := range entries {
			below = w.visit(in, e, below)
		}
		if errors.Is(err, io.EOF) {
			return below, nil
		}
		if err != nil {
			return below, err
		}
	}
	return below, ctx.Err()
}

// visit deals with one name in a folder; folders are added to below.
func (w *walker) visit(in folder, e fs.DirEntry, below []folder) []folder {
	listed, name := filepath.Join(in.listed, e.Name()), filepath.Join(in.name, e.Name())
	switch {
	case strings.HasPrefix(e.Name(), "."):
		w.hidden++
	case w.sieve.bars(listed):
		w.excluded++
	case e.IsDir():
		return append(below, folder{listed: listed, name: name})
	case e.Type() == fs.ModeSymlink:
		w.follow(listed, name)
	default:
		info, err := w.tree.root.Lstat(name)
		if err != nil {
			w.refuse(listed, fileError(err))
			break
		}
		w.file(listed, name, info)
	}
	return below
}

// follow takes what a symbolic link leads to. Folders wait until all others
// are listed under their own names.
func (w *walker) follow(listed, link string) {
	name, info, err := w.tree.resolve(link)
	if err != nil {
		var why *face.Error
		if !errors.As(err, &why) {
			why = fileError(err)
		}
		w.blind[w.tree.absolute(listed)] = true
		w.refuse(listed, why)
		return
	}
	if info.IsDir() {
		w.links = append(w.links, folder{listed: listed, name: name})
		return
	}
	w.file(listed, name, info)
}

func (w *walker) file(listed, name string, info fs.FileInfo) {
	if !info.Mode().IsRegular() {
		w.refuse(listed, face.Errorf(face.Unreadable, "not a regular file but %s", kindOf(info.Mode())))
		return
	}
	if !w.sieve.wants(listed) {
		w.excluded++
		return
	}
	w.found(photo{
		path: w.tree.absolute(listed), name: name, identity: identityOf(listed),
		size: info.Size(), modTime: ledgerTime(info.ModTime()),
	})
}

func (w *walker) refuse(listed string, why *face.Error) {
	if !w.sieve.wants(listed) {
		w.excluded++
		return
	}
	w.refused(w.tree.absolute(listed), why)
}

// skip notes a folder that was not read, or not to its end.
func (w *walker) skip(in folder, err error) {
	var why *face.Error
	if !errors.As(err, &why) {
		why = fileError(err)
	}
	path := w.tree.absolute(in.listed)
	w.skipped = append(w.skipped, Rejection{Kind: Folder, Path: face.Readable(path), Reason: why.Code, Message: why.Message})
	if why.Code != face.Exists {
		w.blind[path] = true
	}
}

// identityOf names the first folder of a name below the root, "" where the
// file lies directly in it.
func identityOf(listed string) string {
	first, _, inFolder := strings.Cut(listed, string(filepath.Separator))
	if !inFolder {
		return ""
	}
	return face.Readable(first)
}

// folderOf names the identity folder of an absolute path below the root.
func folderOf(root, path string) string {
	listed, err := filepath.Rel(root, path)
	if err != nil {
		return ""
	}
	return identityOf(listed)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	default:
		return mode.Type().String()
	}
}

// ledgerTime is a modification time as a ledger can keep it: in whole
// microseconds, between the years 1 and 9999.
func ledgerTime(t time.Time) time.Time {
	first, last := time.Time{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	switch t = t.UTC().Truncate(time.Microsecond); {
	case t.Before(first):
		return first
	case t.After(last):
		return last
	default:
		return t
	}
}
