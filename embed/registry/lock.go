package registry

import (
	"errors"
	"os"
	"syscall"

	"github.com/visagedb/visage/internal/face"
)

// lock takes the flock(2) lock of an open file, with syscall.LOCK_NB without
// waiting for it. The lock ends when the file is closed, or its process dies.
func lock(file *os.File, how int) error {
	for {
		err := syscall.Flock(int(file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// openPart opens the file into which a download goes, which nobody else writes
// until it is closed.
func openPart(path string) (*os.File, error) {
	part, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, face.Wrap(face.Unavailable, err, "models folder")
	}
	err = lock(part, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = stillAt(part, path)
	}
	if err != nil {
		return nil, errors.Join(face.Wrap(face.Unavailable, err, "%s is being downloaded by another process: wait for it", path), part.Close())
	}
	return part, nil
}

// stillAt catches a download that ended between opening its file and locking
// it: by then the file lies in its place under another name, or is gone.
func stillAt(file *os.File, path string) error {
	opened, err := file.Stat()
	if err != nil {
		return err
	}
	lying, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(opened, lying) {
		return errors.New("it was replaced")
	}
	return nil
}
