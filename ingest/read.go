package ingest

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// content is what a file held at one moment.
type content struct {
	data    []byte
	sum     [sha256.Size]byte
	modTime time.Time
}

// files is where contents are read from; *tree, but for tests.
type files interface {
	open(name string) (handle, error)
	stat(name string) (fs.FileInfo, error)
}

const (
	readAttempts = 3
	// settlePause is the time between two attempts to read a file that is
	// being written, and for which one must have been left alone: a writer that
	// is between two writes shows in nothing but the time of the first.
	settlePause = 100 * time.Millisecond
)

// errChanged says that a file was written or replaced while it was read.
var errChanged = errors.New("file changed while it was read")

// readStable reads a file of at most limit bytes that is not written
// meanwhile; where it is, it is read again. The error is a *face.Error that
// tells why the file is rejected, or ctx's.
func readStable(ctx context.Context, from files, name string, limit int64) (content, error) {
	for attempt := 1; ; attempt++ {
		c, err := readOnce(from, name, limit)
		if err == nil {
			c.sum = sha256.Sum256(c.data)
			return c, nil
		}
		if !errors.Is(err, errChanged) {
			return content{}, err
		}
		if attempt == readAttempts {
			return content{}, face.Errorf(face.Unreadable, "changed each of the %d times it was read: ingest again when it is written", readAttempts)
		}
		select {
		case <-ctx.Done():
			return content{}, ctx.Err()
		case <-time.After(settlePause):
		}
	}
}

// readOnce reads a file and compares what the file system says of it before
// and after, both of the open file and of what now has its name.
func readOnce(from files, name string, limit int64) (content, error) {
	f, err := from.open(name)
	if err != nil {
		return content{}, fileError(err)
	}
	defer f.Close() // nothing was written
	before, err := f.Stat()
	if err != nil {
		return content{}, fileError(err)
	}
	if !before.Mode().IsRegular() {
		return content{}, face.Errorf(face.Unreadable, "not a regular file but %s", kindOf(before.Mode()))
	}
	if before.Size() > limit {
		return content{}, face.Errorf(face.TooLarge, "%d bytes, the limit is %d", before.Size(), limit)
	}
	data := make([]byte, before.Size())
	if _, err := io.ReadFull(f, data); errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return content{}, errChanged
	} else if err != nil {
		return content{}, fileError(err)
	}
	after, err := f.Stat()
	if err != nil {
		return content{}, fileError(err)
	}
	named, err := from.stat(name)
	if err != nil {
		return content{}, fileError(err)
	}
	if !same(before, after) || !same(after, named) || unsettled(after) {
		return content{}, errChanged
	}
	return content{data: data, modTime: ledgerTime(after.ModTime())}, nil
}

// unsettled says whether a file was written to just now, so that what was read
// may be what its writer had come to. A time that is yet to come says nothing.
func unsettled(info fs.FileInfo) bool {
	age := time.Since(info.ModTime())
	return age >= 0 && age < settlePause
}

func same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
