package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/visagedb/visage/internal/face"
)

// Pull downloads a file into the store's first directory. A download that was
// cut short is taken up where it ended. The file takes its place only after its
// hash is verified; otherwise the download is thrown away. progress is told how
// many of how many bytes are there. Errors are face.Unavailable (network,
// server, disk), face.Mismatch (other bytes than the registry's) and
// face.Cancelled.
func (s *Store) Pull(ctx context.Context, client *http.Client, f File, progress func(have, of int64)) (string, error) {
	if err := os.MkdirAll(s.dirs[0], 0o755); err != nil {
		return "", face.Wrap(face.Unavailable, err, "models folder")
	}
	part := filepath.Join(s.dirs[0], f.Name+".part")
	if err := download(ctx, client, f, part, progress); err != nil {
		return "", err
	}
	path, err := s.settle(part, f)
	if face.CodeOf(err) == face.Mismatch {
		return "", errors.Join(err, os.Remove(part))
	}
	return path, err
}

// download appends to part until it has all of the file's bytes.
func download(ctx context.Context, client *http.Client, f File, part string, progress func(have, of int64)) error {
	out, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return face.Wrap(face.Unavailable, err, "models folder")
	}
	have, err := out.Seek(0, io.SeekEnd)
	if err == nil && have < f.Bytes {
		err = fetch(ctx, client, f, out, have, progress)
	}
	code := face.Unavailable
	if ctx.Err() != nil {
		code = face.Cancelled
	}
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return face.Wrap(code, err, "download %s from %s", f.Name, f.URL)
	}
	return nil
}

func fetch(ctx context.Context, client *http.Client, f File, out *os.File, have int64, progress func(have, of int64)) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusPartialContent:
	case http.StatusOK: // the server sends all of it
		if have, err = 0, out.Truncate(0); err != nil {
			return err
		}
		if _, err = out.Seek(0, io.SeekStart); err != nil {
			return err
		}
	default:
		return fmt.Errorf("the server answers %s", response.Status)
	}
	return copyUpTo(f.Bytes, out, response.Body, have, progress)
}

// copyUpTo refuses a body that is longer than the file, before it fills the
// disk, and one that ends early.
func copyUpTo(want int64, out io.Writer, body io.Reader, have int64, progress func(have, of int64)) error {
	buffer := make([]byte, 1<<16)
	for {
		n, err := body.Read(buffer)
		if have += int64(n); have > want {
			return fmt.Errorf("the server sends more than the %d bytes of the file", want)
		}
		if _, werr := out.Write(buffer[:n]); werr != nil {
			return werr
		}
		progress(have, want)
		switch {
		case errors.Is(err, io.EOF) && have == want:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("the server ended after %d of %d bytes: pull again to go on", have, want)
		case err != nil:
			return err
		}
	}
}
