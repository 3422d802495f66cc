package ingest

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/visagedb/visage/internal/face"
)

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
