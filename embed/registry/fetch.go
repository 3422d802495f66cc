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
	"time"

	"github.com/visagedb/visage/internal/face"
)

// fetch asks for the file from byte have on, and gives up a server that sends
// nothing for as long as how says.
func fetch(ctx context.Context, f File, part *os.File, have int64, how Download) error {
	stalled := fmt.Errorf("the server has sent nothing for %s: pull again", how.Stall)
	waiting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(how.Stall, func() { cancel(stalled) })
	defer watch.Stop()
	err := ask(waiting, f, part, have, how, func() { watch.Reset(how.Stall) })
	if err != nil && errors.Is(context.Cause(waiting), stalled) {
		return stalled
	}
	return err
}

// ask sends one request and reads its answer; alive is called whenever
// something of it came.
func ask(ctx context.Context, f File, part *os.File, have int64, how Download, alive func()) error {
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
	return copyBody(f, part, response, have, how, alive)
}

// plausible refuses a file of another length than the known one. Of a file that
// nothing vouches for it refuses an answer whose end cannot be told from a cut
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
	case f.verifiable():
		return nil
	case isHTTPS(f.URL) && !encrypted(response.Request):
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
func copyBody(f File, out io.Writer, response *http.Response, have int64, how Download, alive func()) error {
	want, limit := f.Bytes, f.Bytes
	if !f.resumable() {
		want, limit = max(response.ContentLength, 0), maxUnknown
	}
	buffer := make([]byte, 1<<16)
	for {
		alive()
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
