package httpapi

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

// refusal is an error with a status that no code of package face has.
type refusal struct {
	status  int
	code    string
	message string
	// after is when to try again; 0 says nothing of it.
	after time.Duration
}

func (r *refusal) Error() string { return r.message }

// unauthorized is the one answer to all who have no key that may be used, so that it
// tells nothing of the keys that there are.
func unauthorized() error {
	return &refusal{status: http.StatusUnauthorized, code: "unauthorized",
		message: "a valid API key is needed: send Authorization: Bearer KEY, or X-Api-Key: KEY"}
}

// forbidden is the answer to a key that may not do what it asks for.
func forbidden(message string) error {
	return &refusal{status: http.StatusForbidden, code: "forbidden", message: message}
}

// busy sheds a request that could only wait.
func busy(message string, after time.Duration) error {
	return &refusal{status: http.StatusTooManyRequests, code: "too_many_requests", message: message, after: after}
}

// headers say how to get in, and when to come again.
func (r *refusal) headers(to http.Header) {
	if r.status == http.StatusUnauthorized {
		to.Set(echo.HeaderWWWAuthenticate, `Bearer realm="visage"`)
	}
	if r.after > 0 {
		to.Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(r.after.Seconds()))))
	}
}
