package eval

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// labelled is one photograph of a folder and the identity that it shows.
type labelled struct {
	file     string
	identity string // empty for a photograph directly in the folder
}

// list returns the photographs of DIR/<identity>/..., in the order of their
// paths; those directly in DIR have no identity. Names that begin with a dot
// are left out. Links to files and to identities' folders are followed, links
// further down are not, so that no loop can arise. It returns NotFound where
// there is no such folder, Invalid where it is none or holds no file, and
// Unreadable where a part cannot be listed.
func list(dir string) ([]labelled, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, listError(err, dir)
	}
	var found []labelled
	for _, entry := range entries {
		if hidden(entry.Name()) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			found = append(found, labelled{file: path}) // a link to nowhere fails when it is read
			continue
		}
		below, err := walk(path)
		if err != nil {
			return nil, err
		}
		for _, file := range below {
			found = append(found, labelled{file: file, identity: entry.Name()})
		}
	}
	if len(found) == 0 {
		return nil, face.Errorf(face.Invalid, "%s holds no photographs", dir)
	}
	return found, nil
}

// walk lists the files below a folder, which may itself be a link.
func walk(dir string) ([]string, error) {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, listError(err, dir)
	}
	var files []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return listError(err, path)
		case path != root && hidden(entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case entry.Type()&fs.ModeSymlink != 0:
			if info, err := os.Stat(path); err == nil && info.IsDir() {
				return nil
			}
			files = append(files, path)
		case !entry.IsDir():
			files = append(files, path)
		}
		return nil
	})
	return files, err
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func listError(err error, path string) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return face.Wrap(face.NotFound, err, "no folder or file %s", path)
	case errors.Is(err, fs.ErrPermission):
		return face.Wrap(face.Unreadable, err, "%s cannot be listed", path)
	default:
		return face.Wrap(face.Invalid, err, "%s is not a folder of photographs", path)
	}
}

// GenuinePairs are all pairs of photographs of one identity in DIR/<identity>/...,
// in the order of their paths, which are below dir. It returns Invalid where there are
// none, and otherwise NotFound, Invalid or Unreadable for the folder.
func GenuinePairs(dir string) ([]Pair, error) {
	all, err := list(dir)
	if err != nil {
		return nil, err
	}
	var pairs []Pair
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.identity != "" && a.identity == b.identity {
				pairs = append(pairs, Pair{A: below(dir, a.file), B: below(dir, b.file), Same: true})
			}
		}
	}
	if len(pairs) == 0 {
		return nil, face.Errorf(face.Invalid, "%s holds no two photographs of one identity: it needs folders of identities", dir)
	}
	return pairs, nil
}

// below is a path as seen from dir; one that a link leads elsewhere stays as it is.
func below(dir, path string) string {
	if short, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
