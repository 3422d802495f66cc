package registry

import (
	"archive/zip"
	"compress/bzip2"
	"errors"
	"io"
	"os"

	"github.com/visagedb/visage/internal/face"
)

// unpack puts the file that an archive holds into its place. However much the
// archive unpacks to, no more than the file's known size is written. It returns
// face.Mismatch for an archive that is damaged or does not hold the file.
func (s *Store) unpack(e Entry, f File, archive *os.File) (placed Placed, err error) {
	if f.ArchiveSHA256 != "" {
		sum, _, err := hashFile(archive.Name())
		if err != nil {
			return Placed{}, err
		}
		if sum != f.ArchiveSHA256 {
			return Placed{}, face.Errorf(face.Mismatch, "archive of %s: SHA-256 is %s, want %s", f.Name, sum, f.ArchiveSHA256)
		}
	}
	if f.Archive == archiveZip {
		member, err := openMember(f, archive)
		if err != nil {
			return Placed{}, err
		}
		defer func() { err = errors.Join(err, member.Close()) }()
		return s.place(e, f, packed{member})
	}
	if _, err := archive.Seek(0, io.SeekStart); err != nil {
		return Placed{}, face.Wrap(face.Unavailable, err, "archive of %s", f.Name)
	}
	return s.place(e, f, packed{bzip2.NewReader(archive)})
}

// openMember finds the file in a zip archive by its full name there.
func openMember(f File, archive *os.File) (io.ReadCloser, error) {
	info, err := archive.Stat()
	if err != nil {
		return nil, face.Wrap(face.Unavailable, err, "archive of %s", f.Name)
	}
	reader, err := zip.NewReader(archive, info.Size())
	if err != nil {
		return nil, face.Wrap(face.Mismatch, err, "archive of %s is damaged", f.Name)
	}
	for _, member := range reader.File {
		if member.Name != f.Member {
			continue
		}
		size := member.UncompressedSize64
		if f.Bytes > 0 && size != uint64(f.Bytes) || size > maxUnknown {
			return nil, face.Errorf(face.Mismatch, "archive of %s: %s has %d bytes, want %d", f.Name, f.Member, size, f.limit())
		}
		from, err := member.Open()
		if err != nil {
			return nil, face.Wrap(face.Mismatch, err, "archive of %s is damaged", f.Name)
		}
		return from, nil
	}
	return nil, face.Errorf(face.Mismatch, "archive of %s has no member %s", f.Name, f.Member)
}

// packed reads what an archive holds, whose errors mean that it is damaged.
type packed struct{ from io.Reader }

func (p packed) Read(buffer []byte) (int, error) {
	n, err := p.from.Read(buffer)
	if err != nil && !errors.Is(err, io.EOF) {
		err = face.Wrap(face.Mismatch, err, "the archive is damaged")
	}
	return n, err
}
