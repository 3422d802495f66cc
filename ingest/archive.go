package ingest

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

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

func (a *archive) walkTar(ctx context.Context) error {
	var from io.Reader = a.file
	if a.kind == "tar.gz" {
		unzipped, err := gzip.NewReader(a.file)
		if err != nil {
			return err
		}
		from = &metered{a, unzipped}
	}
	for entries := tar.NewReader(from); ctx.Err() == nil; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.entry(h.Name, h.FileInfo().Mode(), h.Size, h.ModTime, func() (io.ReadCloser, error) { return io.NopCloser(entries), nil }); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (a *archive) walkZip(ctx context.Context) error {
	entries, err := zip.NewReader(a.file, a.info.Size())
	if err != nil {
		return err
	}
	for _, f := range entries.File {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		open := func() (io.ReadCloser, error) {
			const encrypted = 1
			if f.Flags&encrypted != 0 {
				return nil, errors.New("it is encrypted")
			}
			r, err := f.Open()
			return struct {
				io.Reader
				io.Closer
			}{&metered{a, r}, r}, err
		}
		err := a.entry(f.Name, f.Mode(), int64(min(f.UncompressedSize64, 1<<62)), f.Modified, open)
		if err != nil {
			return err
		}
	}
	return nil
}

// entry deals with one entry. It returns an error where there is no reading on.
func (a *archive) entry(name string, mode fs.FileMode, size int64, modTime time.Time, open func() (io.ReadCloser, error)) error {
	listed := path.Clean(name)
	at := a.path + inside + listed
	switch {
	case mode.IsDir():
		return nil
	case !filepath.IsLocal(listed) || strings.Contains(listed, "\x00"):
		a.refuse(listed, face.Errorf(face.Unreadable, "its name leads out of the archive"))
		return nil
	case strings.HasPrefix(listed, ".") || strings.Contains(listed, "/."):
		a.hidden++
		return nil
	case !a.chosen.passes(listed):
		a.excluded++
		return nil
	case a.names[sumOf(listed)]:
		a.refuse(listed, face.Errorf(face.Exists, "the archive has it twice; the first counts"))
		return nil
	case !mode.IsRegular():
		a.refuse(listed, face.Errorf(face.Unreadable, "not a regular file but %s", kindOf(mode)))
		return nil
	case size > a.limit:
		a.refuse(listed, face.Errorf(face.TooLarge, "%d bytes, the limit is %d", size, a.limit))
		return nil
	}
	a.names[sumOf(listed)] = true
	data, why := a.unpack(open)
	var stop *face.Error
	switch {
	case errors.As(why, &stop) && stop.Code == face.Invalid:
		return why
	case errors.As(why, &stop):
		a.refuse(listed, stop)
		return nil
	case why != nil && a.kind != "zip": // what follows cannot be found
		return why
	case why != nil:
		a.refuse(listed, face.Errorf(face.Unreadable, "cannot be unpacked: %v", why))
		return nil
	}
	modTime = ledgerTime(modTime)
	a.found(photo{
		path: at, name: listed, identity: identityOf(listed), size: int64(len(data)), modTime: modTime,
		held: &content{data: data, modTime: modTime},
	})
	return nil
}

func (a *archive) refuse(listed string, why *face.Error) { a.refused(a.path+inside+listed, why) }

// unpack reads an entry, whose size may be another than was said.
func (a *archive) unpack(open func() (io.ReadCloser, error)) ([]byte, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close() // nothing was written
	data, err := io.ReadAll(io.LimitReader(r, a.limit+1))
	if err == nil && int64(len(data)) > a.limit {
		err = face.Errorf(face.TooLarge, "more bytes than the limit of %d", a.limit)
	}
	return data, err
}

// metered counts what is unpacked.
type metered struct {
	of   *archive
	from io.Reader
}

func (m *metered) Read(to []byte) (int, error) {
	n, err := m.from.Read(to)
	if m.of.left -= int64(n); m.of.left < 0 {
		return n, face.Errorf(face.Invalid, "ingest: the archive %s unpacks to more than %d times its %d bytes: unpack it, if it is no bomb, and ingest the folder",
			face.Readable(m.of.path), maxUnpackRatio, m.of.info.Size())
	}
	return n, err
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
