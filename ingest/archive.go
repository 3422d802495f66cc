package ingest

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

const (
	// inside stands between the path of an archive and a name in it.
	inside = "!/"
	// maxUnpackRatio and freeUnpack bound what an archive may unpack to: so many
	// times its size, or so many bytes if that is more. Photographs hardly
	// shrink; a bomb unpacks to a thousand times its size and more.
	maxUnpackRatio = 100
	freeUnpack     = 1 << 30
)

// archive is a tar, tar.gz or zip file whose entries are read one after the
// other, without unpacking them to a disk.
type archive struct {
	file    *os.File
	path    string // absolute, without symbolic links
	info    fs.FileInfo
	kind    string
	limit   int64 // bytes of an entry
	chosen  sieve
	found   func(photo)
	refused func(path string, why *face.Error)
	names   map[pathSum]bool
	left    int64 // bytes that may still be unpacked
	listing
}

// openArchive opens an archive, whose kind is told by its first bytes. It
// returns Invalid for a file that is none.
func openArchive(file string, info fs.FileInfo, limit int64, chosen sieve) (*archive, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, rootError(file, err)
	}
	const ustar = 257 // where a tar header says so
	head := make([]byte, ustar+5)
	n, _ := f.ReadAt(head, 0) // a short file is none
	a := &archive{
		file: f, path: file, info: info, limit: limit, chosen: chosen, names: map[pathSum]bool{},
		left: max(freeUnpack, maxUnpackRatio*info.Size()),
	}
	switch text := string(head[:n]); {
	case strings.HasPrefix(text, "PK\x03\x04"), strings.HasPrefix(text, "PK\x05\x06"):
		a.kind = "zip"
	case strings.HasPrefix(text, "\x1f\x8b"):
		a.kind = "tar.gz"
	case strings.HasSuffix(text, "ustar"):
		a.kind = "tar"
	default:
		return nil, errors.Join(face.Errorf(face.Invalid, "ingest: %q is neither a folder nor a tar, tar.gz or zip file", file), f.Close())
	}
	return a, nil
}

func (a *archive) base() string { return a.path + strings.TrimSuffix(inside, "/") }

func (a *archive) close() error { return a.file.Close() }

// open is not called: an archive's photographs come with their content.
func (a *archive) open(string) (handle, error) { return nil, fs.ErrInvalid }

func (a *archive) stat(string) (fs.FileInfo, error) { return nil, fs.ErrInvalid }

// holds and lacks cannot be told of an archive before its end.
func (a *archive) holds(string) bool { return false }

func (a *archive) lacks(string) bool { return false }

func (a *archive) lister(found func(photo), refused func(string, *face.Error)) lister {
	a.found, a.refused = found, refused
	return a
}

func (a *archive) walk(ctx context.Context) error {
	read := a.walkTar
	if a.kind == "zip" {
		read = a.walkZip
	}
	if err := read(ctx); err != nil {
		var told *face.Error
		if ctx.Err() != nil || errors.As(err, &told) {
			return err
		}
		return face.Errorf(face.Unreadable, "ingest: the archive %s is damaged: %v", face.Readable(a.path), err)
	}
	if now, err := os.Stat(a.path); err != nil || !same(a.info, now) {
		return face.Errorf(face.Unreadable, "ingest: the archive %s changed while it was read: ingest it again", face.Readable(a.path))
	}
	return nil
}

// archived says whether a path is that of an entry of an archive that is there.
func archived(path string) bool {
	for at := 0; ; {
		next := strings.Index(path[at:], inside)
		if next < 0 {
			return false
		}
		at += next
		if info, err := os.Stat(path[:at]); err == nil && info.Mode().IsRegular() {
			return true
		}
		at += len(inside)
	}
}
