package registry

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"github.com/visagedb/visage/internal/face"
)

// maxText bounds the lists that users keep, pins.yaml and models.yaml, in bytes.
const maxText = 16 << 20

// readText reads a file of text. It waits for nobody: what is no regular file,
// such as a pipe, is face.Mismatch, as is a file that is too long for a list.
// Other errors are those of os.Open.
func readText(path string) (_ []byte, err error) {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, face.Errorf(face.Mismatch, "%s is not a regular file", path)
	case info.Size() > maxText:
		return nil, face.Errorf(face.Mismatch, "%s has %d bytes, more than %d", path, info.Size(), maxText)
	}
	return io.ReadAll(io.LimitReader(file, maxText))
}

// replaceText gives a file other content at once, so that a reader sees all of
// the old or all of the new. A link stays one.
func replaceText(path string, text []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	next, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*"+partSuffix)
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // gone already when all went well
	_, err = next.Write(text)
	if err = errors.Join(err, next.Chmod(0o644), next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}

// guarded changes a list that others may change too, one after the other.
func guarded(path string, change func() error) (err error) {
	guard, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err == nil {
		defer func() { err = errors.Join(err, guard.Close()) }()
		err = lock(guard, syscall.LOCK_EX)
	}
	if err != nil {
		return face.Wrap(face.Unavailable, fmt.Errorf("lock: %w", err), "change %s", path)
	}
	return change()
}
