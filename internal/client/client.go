// Package client asks a Visage service over HTTP: galleries, identities, faces,
// searches, templates and jobs. All methods take a context, return errors that have a
// code of package face, and send again what the service was too busy for.
package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/visagedb/visage/internal/face"
)

// Config says whom to ask.
type Config struct {
	// URL is the service's address, such as http://127.0.0.1:8080. Required.
	URL string
	// Key is an API key. Defaults to none.
	Key string
	// HTTP sends the requests. Defaults to a client of its own.
	HTTP *http.Client
	// Tries is how often a request is sent at most, where it is answered 429 or 503.
	// Defaults to 4.
	Tries int
	// MaxWait bounds how long the client waits before it sends a request again,
	// whatever the service asks for. Defaults to 10 s.
	MaxWait time.Duration
}

// Client asks one service. It may be used by several goroutines at once.
type Client struct {
	cfg  Config
	base string
	at   atomic.Uint64 // a face.Position: the farthest that a write's answer named
}

// New makes a Client. It returns Invalid for an address that is none.
func New(cfg Config) (*Client, error) {
	cfg.Tries, cfg.MaxWait = cmp.Or(cfg.Tries, 4), cmp.Or(cfg.MaxWait, 10*time.Second)
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{}
	}
	at, err := url.Parse(cfg.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, face.Errorf(face.Invalid, "client: %q is no address of a service, such as http://127.0.0.1:8080", cfg.URL)
	}
	if cfg.Tries < 1 || cfg.MaxWait < 0 {
		return nil, face.Errorf(face.Invalid, "client: Config.Tries or MaxWait is out of range")
	}
	return &Client{cfg: cfg, base: strings.TrimSuffix(cfg.URL, "/")}, nil
}

// Position is for Query.MinLSN: a search that is sent it knows of all writes of this
// client. It is empty before the first of them, and where the service holds no
// templates in memory, so that every search does.
func (c *Client) Position() string {
	if at := face.Position(c.at.Load()); at > 0 {
		return at.String()
	}
	return ""
}

// written notes how far the service's data have come with a write.
func (c *Client) written(at face.Position) {
	for before := c.at.Load(); before < uint64(at) && !c.at.CompareAndSwap(before, uint64(at)); before = c.at.Load() {
	}
}

// request is what is sent. Its body can be sent again.
type request struct {
	method, path string
	query        url.Values
	kind         string // the body's content type
	body         []byte
	// once is the Idempotency-Key of a write.
	once string
}

// write is a request that changes something, which is done once however often it is
// sent.
func write(method, path string) request {
	return request{method: method, path: path, once: rand.Text()}
}

// sending gives a request fields as JSON.
func (r request) sending(fields any) (request, error) {
	text, err := json.Marshal(fields)
	if err != nil {
		return r, face.Wrap(face.Invalid, err, "client: write the request")
	}
	r.kind, r.body = "application/json", text
	return r, nil
}

// ask sends a request, again where the service was busy, and reads the answer into
// an object; nil reads none.
func (c *Client) ask(ctx context.Context, r request, into any) error {
	for try := 1; ; try++ {
		wait, err := c.send(ctx, r, into)
		if err == nil || wait == 0 || try == c.cfg.Tries {
			return err
		}
		again := time.NewTimer(min(wait, c.cfg.MaxWait))
		select {
		case <-ctx.Done():
			again.Stop()
			return face.Wrap(face.Cancelled, ctx.Err(), "client: wait to send %s again", r.path)
		case <-again.C:
		}
	}
}

// send sends a request once. Where it is worth while to send it again, it says when.
func (c *Client) send(ctx context.Context, r request, into any) (wait time.Duration, err error) {
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(r.body))
	if err != nil {
		return 0, face.Wrap(face.Invalid, err, "client: make the request")
	}
	for name, value := range map[string]string{"Content-Type": r.kind, "Idempotency-Key": r.once, "X-Api-Key": c.cfg.Key} {
		if value != "" {
			sent.Header.Set(name, value)
		}
	}
	answer, err := c.cfg.HTTP.Do(sent)
	if err != nil {
		return 0, unreached(ctx, err)
	}
	defer answer.Body.Close() // it was read
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, unreached(ctx, err)
	}
	if answer.StatusCode >= http.StatusBadRequest {
		return patience(answer), failed(answer, text)
	}
	if at, err := face.ParsePosition(answer.Header.Get("Visage-Position")); err == nil {
		c.written(at)
	}
	if into == nil {
		return 0, nil
	}
	if err := json.Unmarshal(text, into); err != nil {
		return 0, face.Wrap(face.Internal, err, "client: the answer to %s cannot be read", r.path)
	}
	return 0, nil
}

// patience is how long to wait before a request is sent again; 0 where that is of no
// use.
func patience(answer *http.Response) time.Duration {
	if answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return time.Second
	}
	return time.Duration(min(seconds, int(time.Hour.Seconds()))) * time.Second
}
