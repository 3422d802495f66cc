package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// pollEvery is the pause between two looks at something that is awaited.
const pollEvery = 20 * time.Millisecond

// errBusy says that another holder keeps a lock from being taken.
var errBusy = errors.New("locked by another process")

// lockMode is how a lock is held.
type lockMode int

const (
	shared    lockMode = syscall.LOCK_SH
	exclusive lockMode = syscall.LOCK_EX
)

// fileLock is a held flock(2) lock. The lock belongs to the open file, so a
// child process that inherits the file shares it: it ends when anyone unlocks
// it, or when the last of them has closed the file or died.
type fileLock struct{ file *os.File }

// tryLock takes the lock at path, creating the file, or returns errBusy.
func tryLock(path string, mode lockMode) (*fileLock, error) {
	// Reading is all that flock needs; others have no business with the file.
	file, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%w: the home directory is another user's; run as that user or choose another --home", err)
	}
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), int(mode)|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	if err == nil {
		return &fileLock{file: file}, nil
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errBusy
	}
	return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), file.Close())
}

// waitLock takes the lock at path as soon as it is free, or returns the
// context's error.
func waitLock(ctx context.Context, path string, mode lockMode) (*fileLock, error) {
	for {
		lock, err := tryLock(path, mode)
		if !errors.Is(err, errBusy) {
			return lock, err
		}
		if err := pause(ctx, pollEvery); err != nil {
			return nil, err
		}
	}
}

// release ends the lock. It unlocks before it closes: a child that another
// goroutine forks at this moment holds a copy of the file until its exec, and
// must not prolong the lock. Neither can fail for a file that is open and was
// only read.
func (l *fileLock) release() {
	_ = syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN)
	l.leave()
}

// leave leaves the lock to the child processes that inherited it.
func (l *fileLock) leave() { _ = l.file.Close() }

// pause waits for d, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
