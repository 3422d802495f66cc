package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

// download brings the file at its URL into part, after what is there already if
// the file can be resumed.
func download(ctx context.Context, f File, part *os.File, how Download) error {
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

func fetch(ctx context.Context, f File, part *os.File, have int64, how Download) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept-Encoding", "identity") // so that the length told is that of the file
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := how.Client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if err := plausible(f, response, have); err != nil {
		return err
	}
	switch {
	case response.StatusCode == http.StatusPartialContent && have > 0:
	case response.StatusCode == http.StatusOK: // the server sends all of it
		if have, err = 0, restart(part); err != nil {
			return err
		}
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return face.Errorf(face.Mismatch, "the server's file ends before byte %d of %d", have, f.Bytes)
	default:
		return fmt.Errorf("the server answers %s", response.Status)
	}
	return copyBody(f, part, response, have, how)
}

// plausible refuses a file of another length than the known one. Of a file
// without a hash it refuses an answer whose end cannot be told from a cut
// connection, a page for people, and what came by a way that others can write
// to: all of them would pass for weights.
func plausible(f File, response *http.Response, have int64) error {
	length := response.ContentLength
	chunked := slices.Contains(response.TransferEncoding, "chunked")
	switch {
	case response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPartialContent:
		return nil
	case f.resumable() && length >= 0 && length != f.Bytes && length != f.Bytes-have:
		return face.Errorf(face.Mismatch, "the server sends %d bytes, want %d", length, f.Bytes-have)
	case !f.resumable() && length > maxUnknown:
		return fmt.Errorf("the server sends %d bytes, more than %d", length, int64(maxUnknown))
	case f.SHA256 != "":
		return nil
	case strings.HasPrefix(f.URL, "https:") && !encrypted(response.Request):
		return errors.New("the server leads to an address without encryption")
	case strings.HasPrefix(response.Header.Get("Content-Type"), "text/html"):
		return errors.New("the server sends a web page instead of the file")
	case length < 0 && response.ProtoMajor == 1 && !chunked:
		return errors.New("the server does not say how long the file is")
	default:
		return nil
	}
}

// encrypted says whether a request and those that led to it went by https.
func encrypted(request *http.Request) bool {
	for ; request.URL.Scheme == "https"; request = request.Response.Request {
		if request.Response == nil {
			return true
		}
	}
	return false
}

// copyBody refuses a body that is longer than the file, before it fills the
// disk, and one that ends early.
func copyBody(f File, out io.Writer, response *http.Response, have int64, how Download) error {
	want, limit := f.Bytes, f.Bytes
	if !f.resumable() {
		want, limit = max(response.ContentLength, 0), maxUnknown
	}
	buffer := make([]byte, 1<<16)
	for {
		n, err := response.Body.Read(buffer)
		if have += int64(n); have > limit {
			return face.Errorf(face.Mismatch, "the server sends more than the %d bytes of the file", limit)
		}
		if _, werr := out.Write(buffer[:n]); werr != nil {
			return werr
		}
		how.Progress(f, have, want)
		switch {
		case errors.Is(err, io.EOF) && have > 0 && (have == want || want == 0):
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("the server ended after %d of %d bytes: pull again", have, want)
		case err != nil:
			return err
		}
	}
}
