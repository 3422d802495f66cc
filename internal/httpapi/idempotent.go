package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

const (
	// idempotencyKey is the header of draft-ietf-httpapi-idempotency-key-header.
	idempotencyKey = "Idempotency-Key"
	// idempotencyReplayed says that an answer is one that was given before.
	idempotencyReplayed = "Idempotency-Replayed"
	// mostKey is how many bytes a key may have.
	mostKey = 255
	// mostParts is how many parts a form may have, as with package mime/multipart,
	// which reads it next.
	mostParts = 1_000
)

// errRefused stands for an answer that is an error's: it is given, and not kept.
var errRefused = errors.New("refused")

// idempotent does a write that has an Idempotency-Key once, however often it is sent
// within a day: the same request gets the same answer. What failed was not done, and
// may be sent again.
func (v v1) idempotent(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		key := c.Request().Header.Get(idempotencyKey)
		if key == "" {
			return next(c)
		}
		request, err := requestOf(c, key)
		if err != nil {
			return err
		}
		out := c.Response().Writer
		answer, again, err := v.store().Once(c.Request().Context(), request, func(ctx context.Context) (face.Response, error) {
			return recorded(ctx, c, next)
		})
		c.Response().Writer, c.Response().Committed, c.Response().Size = out, false, 0
		if err != nil && !errors.Is(err, errRefused) {
			return err
		}
		if again {
			c.Response().Header().Set(idempotencyReplayed, "true")
		}
		for name, value := range answer.Header {
			c.Response().Header().Set(name, value)
		}
		if len(answer.Body) == 0 {
			return c.NoContent(answer.Status)
		}
		return c.Blob(answer.Status, answer.Header[echo.HeaderContentType], answer.Body)
	}
}

// recorded answers a request into memory. It returns errRefused beside an answer that
// is an error's.
func recorded(ctx context.Context, c echo.Context, next echo.HandlerFunc) (face.Response, error) {
	kept := &recorder{header: c.Response().Header()}
	c.Response().Writer = kept
	c.SetRequest(c.Request().WithContext(ctx))
	if err := next(c); err != nil {
		return face.Response{}, err
	}
	answer := face.Response{Status: kept.status, Header: map[string]string{}, Body: kept.body.Bytes()}
	for _, name := range [...]string{echo.HeaderContentType, echo.HeaderLocation} {
		if value := kept.header.Get(name); value != "" {
			answer.Header[name] = value
		}
	}
	if answer.Status >= http.StatusBadRequest {
		return answer, errRefused
	}
	return answer, nil
}

// recorder is an answer in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is that of the answer to come.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps a part of the body.
func (r *recorder) Write(part []byte) (int, error) { return r.body.Write(part) }

// requestOf reads the whole request, so that another one under the same key is told
// from it. It returns Invalid for a key that is none.
func requestOf(c echo.Context, key string) (face.Request, error) {
	for _, letter := range []byte(key) {
		if letter < ' ' || letter > '~' || len(key) > mostKey {
			return face.Request{}, face.Errorf(face.Invalid, "%s must have 1 to %d printable ASCII characters", idempotencyKey, mostKey)
		}
	}
	r := c.Request()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return face.Request{}, unreadable(err, "request")
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %q\n", r.Method, r.URL.RequestURI())
	kind, settings, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err == nil && kind == echo.MIMEMultipartForm {
		err = sumForm(sum, multipart.NewReader(bytes.NewReader(body), settings["boundary"]))
		if err != nil {
			return face.Request{}, unreadable(err, "form")
		}
	} else {
		sum.Write(body)
	}
	return face.Request{Caller: callerOf(r.Context()).key.ID, Key: key, Sum: [32]byte(sum.Sum(nil))}, nil
}

// sumForm takes a form's parts and not its boundary, which clients make anew when they
// send the same again.
func sumForm(sum hash.Hash, form *multipart.Reader) error {
	for parts := 1; ; parts++ {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if parts > mostParts {
			return multipart.ErrMessageTooLarge
		}
		if err != nil {
			return err
		}
		content := sha256.New()
		if _, err := io.Copy(content, part); err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %q %x\n", part.FormName(), part.FileName(), content.Sum(nil))
	}
}
