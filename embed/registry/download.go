package registry

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// download brings the file at its URL into part, or from the first mirror that
// works where network or servers fail. It tells the address that it came from.
func download(ctx context.Context, f File, part *os.File, how Download) (from string, err error) {
	var before []string
	for _, url := range append([]string{f.URL}, f.Mirrors...) {
		if err != nil {
			before = append(before, err.Error())
		}
		f.URL = url
		if err = downloadFrom(ctx, f, part, how); !elsewhere(err) {
			break
		}
	}
	if err != nil && len(before) > 0 {
		err = face.Wrap(face.CodeOf(err), err, "%s; then", strings.Join(before, "; then "))
	}
	return f.URL, err
}

// elsewhere says whether an error may be that of one server alone, so that
// another is worth asking: not one of our own disk, not other bytes.
func elsewhere(err error) bool {
	var disk *fs.PathError
	return face.CodeOf(err) == face.Unavailable && !errors.As(err, &disk)
}

// downloadFrom brings the file at its URL into part, after what is there already
// if the file can be resumed.
func downloadFrom(ctx context.Context, f File, part *os.File, how Download) error {
	have, err := part.Seek(0, io.SeekEnd)
	if err == nil && !f.resumable() {
		have, err = 0, restart(part)
	}
	if err == nil && (!f.resumable() || have < f.Bytes) {
		err = fetch(ctx, f, part, have, how)
	}
	code := face.Unavailable
	switch {
	case ctx.Err() != nil:
		code = face.Cancelled
	case face.CodeOf(err) == face.Mismatch:
		code = face.Mismatch
	}
	if err := errors.Join(err, part.Sync()); err != nil {
		return face.Wrap(code, err, "download %s from %s", f.Name, f.URL)
	}
	return nil
}

// restart empties a download.
func restart(part *os.File) error {
	_, err := part.Seek(0, io.SeekStart)
	return errors.Join(err, part.Truncate(0))
}
