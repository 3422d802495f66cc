package ingest

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/visagedb/visage/internal/face"
)

// How long Watch waits: until nothing has changed for settled, so that a folder
// that is being copied is looked at once, but no longer than overdue after the
// first change, so that one that never rests is looked at too.
const (
	settled = time.Second
	overdue = 30 * time.Second
)

// Watch calls look at once, and again after every change of a name or a content
// below a folder, until ctx ends or look returns an error, which it returns. What
// changes while look works leads to another call, so that nothing is missed. Of
// what changed Watch tells nothing: a run finds that out by itself. It returns
// NotFound, Unreadable or Invalid where the folder cannot be watched, and
// Unavailable where the system watches no more folders.
func Watch(ctx context.Context, dir string, look func() error) (err error) {
	from, err := openTree(dir)
	if err != nil {
		return err
	}
	defer from.close() // nothing was written
	system, err := fsnotify.NewWatcher()
	if err != nil {
		return watchError(from.path, err)
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	w := &watch{system: system, root: from.path}
	if err := w.follow(from.path); err != nil {
		return err
	}
	for {
		if err := look(); err != nil {
			return err
		}
		if err := w.wait(ctx); err != nil || ctx.Err() != nil {
			return err
		}
	}
}

// watch is a folder with all in it, as fsnotify watches it: one by one.
type watch struct {
	system *fsnotify.Watcher
	root   string
}

// follow watches a folder and those below it. What vanishes meanwhile, or may not
// be read, is left out, as a run leaves it out.
func (w *watch) follow(top string) error {
	return filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && path == w.root:
			return watchError(path, err)
		case err != nil || !entry.IsDir():
			return nil //nolint:nilerr // as said above
		case w.hidden(path):
			return filepath.SkipDir
		}
		err = w.system.Add(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil
		}
		if err != nil {
			return watchError(path, err)
		}
		return nil
	})
}

// hidden says whether a run passes over a path for its name.
func (w *watch) hidden(path string) bool {
	return path != w.root && strings.HasPrefix(filepath.Base(path), ".")
}

// wait returns when something has changed and settled, or ctx has ended.
func (w *watch) wait(ctx context.Context) error {
	var rest, end <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-rest:
			return nil
		case <-end:
			return nil
		case event := <-w.system.Events:
			counts, err := w.heed(event)
			if err != nil {
				return err
			}
			if !counts {
				continue
			}
		case err := <-w.system.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // of which a run finds out what it was
				return watchError(w.root, err)
			}
		}
		rest = time.After(settled)
		if end == nil {
			end = time.After(overdue)
		}
	}
}

// heed says whether an event may change what a run finds, and watches a folder
// that is new.
func (w *watch) heed(event fsnotify.Event) (bool, error) {
	if event.Op == fsnotify.Chmod || w.hidden(event.Name) {
		return false, nil
	}
	if event.Has(fsnotify.Create) {
		return true, w.follow(event.Name)
	}
	return true, nil
}

func watchError(path string, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return face.Wrap(face.Unavailable, err, "ingest: %s cannot be watched too: raise fs.inotify.max_user_watches and max_user_instances (sysctl), or run the ingest now and then without watching", face.Readable(path))
	}
	return face.Wrap(face.Unreadable, err, "ingest: %s cannot be watched", face.Readable(path))
}
