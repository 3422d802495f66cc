package photo

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/visagedb/visage/internal/face"
)

const (
	maxRedirects = 3
	maxHeader    = 64 << 10 // bytes of a response's header
)

// fetcher reads photographs from URLs by GET over HTTP/1.1, each on a
// connection of its own. It keeps no cookies, sends no credentials and no
// referrer, and goes through no proxy, whatever the environment names: a proxy
// would resolve the names, and the addresses could not be checked.
type fetcher struct {
	cfg       Config
	dialer    net.Dialer
	transport *http.Transport
}

func newFetcher(cfg Config) *fetcher {
	f := &fetcher{cfg: cfg}
	f.dialer = net.Dialer{Timeout: cfg.Stall, Control: f.checkAddress}
	f.transport = &http.Transport{
		DialContext: f.dial, DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
	return f
}

// fetch reads what a URL leads to. It follows the redirects itself, so that each
// address is checked as the first one is.
func (f *fetcher) fetch(ctx context.Context, name string) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, f.cfg.Timeout)
	defer cancel()
	at := name
	for hops := 0; ; hops++ {
		data, next, err := f.get(limited, at)
		if err == nil && next != "" && hops == maxRedirects {
			err = refuse("it leads through more than %d redirects", maxRedirects)
		}
		switch {
		case err != nil:
			return nil, f.explain(ctx, way(name, at), err)
		case next == "":
			return data, nil
		}
		at = next
	}
}

// get sends one request, and returns the body or where a redirect leads.
func (f *fetcher) get(ctx context.Context, address string) (data []byte, next string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", refuse("it is not well formed")
	}
	if err := f.checkURL(request.URL); err != nil {
		return nil, "", err
	}
	request.Header.Set("User-Agent", "visage")
	request.Header.Set("Accept-Encoding", "identity")
	response, err := f.transport.RoundTrip(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	switch code := response.StatusCode; code {
	case http.StatusOK:
		data, err = f.body(response)
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		next, err = target(response)
	case http.StatusNotFound, http.StatusGone:
		err = face.Errorf(face.NotFound, "is not there: the server answers %d", code)
	default:
		err = face.Errorf(face.Unavailable, "cannot be had: the server answers %d", code)
	}
	return data, next, err
}

// target is where a redirect leads.
func target(response *http.Response) (string, error) {
	from := response.Request.URL
	to, err := response.Location()
	switch {
	case err != nil:
		return "", face.Errorf(face.Unavailable, "cannot be had: the server redirects to no URL")
	case from.Scheme == "https" && to.Scheme == "http":
		return "", refuse("it leads from https to http, where others could change the photograph")
	}
	return to.String(), nil
}

// body reads a response's body up to the limit, whatever length it claims.
func (f *fetcher) body(response *http.Response) ([]byte, error) {
	if encoding := response.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, face.Errorf(face.Unsupported, "is sent compressed, which was not asked for")
	}
	var data []byte
	err := errTooLong
	if response.ContentLength <= f.cfg.MaxBytes {
		data, err = readAll(response.Body, f.cfg.MaxBytes)
	}
	if errors.Is(err, errTooLong) {
		return nil, face.Errorf(face.TooLarge, "has more than %d bytes", f.cfg.MaxBytes)
	}
	return data, err
}

// way names the URL that was asked for, and the one that it led to.
func way(from, to string) string {
	if from == to {
		return Name(from)
	}
	return Name(from) + " redirected to " + Name(to)
}

// explain makes of any error one that says which URL it is about. Errors of
// parsing an answer quote it, and are left out.
func (f *fetcher) explain(ctx context.Context, subject string, err error) error {
	var told *face.Error
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case ctx.Err() != nil:
		return face.Wrap(face.Cancelled, ctx.Err(), "read %s", subject)
	case errors.As(err, &told):
		return &face.Error{Code: told.Code, Message: subject + " " + told.Message, Err: told.Err}
	case errors.Is(err, context.DeadlineExceeded):
		return face.Errorf(face.Unavailable, "%s took longer than %s", subject, f.cfg.Timeout)
	case errors.As(err, &network) && network.Timeout():
		return face.Errorf(face.Unavailable, "%s: no answer from the server for %s", subject, f.cfg.Stall)
	case errors.As(err, &network), errors.As(err, &certificate), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return face.Wrap(face.Unavailable, err, "read %s", subject)
	default:
		return face.Errorf(face.Unavailable, "%s: the server does not speak HTTP or TLS as it should", subject)
	}
}
