package ingest

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/visagedb/visage/internal/face"
)

// tree is the folder that is ingested. All access goes through os.Root, so
// that nothing outside is reached, whatever links and renames do meanwhile,
// and so that paths may be longer than the system takes in one piece.
type tree struct {
	path string // absolute, without symbolic links
	root *os.Root
}

// handle is an open file.
type handle interface {
	io.Reader
	Stat() (fs.FileInfo, error)
	Close() error
}

// openTree opens a folder. It returns NotFound, Unreadable, or Invalid where
// dir is something else.
func openTree(dir string) (*tree, error) {
	path, err := realPath(dir)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, rootError(dir, err)
	}
	if !info.IsDir() {
		return nil, face.Errorf(face.Invalid, "ingest: %q is not a folder", dir)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, rootError(dir, err)
	}
	return &tree{path: path, root: root}, nil
}

// realPath makes a path absolute and free of symbolic links.
func realPath(name string) (string, error) {
	path, err := filepath.Abs(name)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", rootError(name, err)
	}
	return path, nil
}

func rootError(dir string, err error) error {
	code := face.Unreadable
	if errors.Is(err, fs.ErrNotExist) {
		code = face.NotFound
	}
	return face.Errorf(code, "ingest: the folder %q cannot be opened: %v", dir, reason(err))
}

func (t *tree) base() string { return t.path }

func (t *tree) close() error { return t.root.Close() }

// absolute is the path of a name below the root.
func (t *tree) absolute(name string) string { return filepath.Join(t.path, name) }

func (t *tree) stat(name string) (fs.FileInfo, error) { return t.root.Stat(name) }

// open opens a file for reading. It does not wait for the other end of a FIFO
// that has taken the file's place.
func (t *tree) open(name string) (handle, error) {
	return t.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
}

// holds says whether there is a file of the given absolute path in the tree
// that goes by no other name, or in an archive there. It does not tell what is above the root.
func (t *tree) holds(path string) bool {
	if archived(path) {
		return true
	}
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	real, err := filepath.EvalSymlinks(path)
	return err == nil && real == path
}

// lacks says whether an absolute path is one of the tree and has nothing there.
func (t *tree) lacks(path string) bool {
	name, err := filepath.Rel(t.path, path)
	if err != nil || !filepath.IsLocal(name) || archived(path) {
		return false
	}
	_, err = t.root.Lstat(name)
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

func (t *tree) openFolder(name string) (*os.File, error) {
	return t.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_DIRECTORY, 0)
}

// resolve follows a symbolic link. It returns the name below the root of what
// it leads to, which holds no further links, and refuses to leave the root.
func (t *tree) resolve(link string) (string, fs.FileInfo, error) {
	target, err := filepath.EvalSymlinks(t.absolute(link))
	if err != nil {
		return "", nil, face.Errorf(face.Unreadable, "symbolic link that leads nowhere: %v", reason(err))
	}
	name, err := filepath.Rel(t.path, target)
	if err != nil || !filepath.IsLocal(name) {
		return "", nil, face.Errorf(face.Unreadable, "symbolic link that leads out of the folder, to %s", face.Readable(target))
	}
	info, err := t.root.Lstat(name)
	if err != nil {
		return "", nil, fileError(err)
	}
	return name, info, nil
}

// fileError says why a file cannot be used, as a rejection.
func fileError(err error) *face.Error {
	if errors.Is(err, fs.ErrNotExist) {
		return face.Errorf(face.Vanished, "was listed, but is gone")
	}
	return face.Errorf(face.Unreadable, "cannot be read: %v", reason(err))
}

// reason leaves out the path, which stands beside the message.
func reason(err error) error {
	var in *fs.PathError
	if errors.As(err, &in) {
		return in.Err
	}
	return err
}

// id tells folders apart, under whatever name.
type id struct{ device, inode uint64 }

func idOf(info fs.FileInfo) id {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id{}
	}
	return id{device: st.Dev, inode: st.Ino}
}
