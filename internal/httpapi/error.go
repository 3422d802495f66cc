package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
)

// status is what HTTP calls an error of a code.
func status(code face.Code) int {
	switch code {
	case face.NotFound:
		return http.StatusNotFound
	case face.Exists, face.Mismatch, face.Conflict:
		return http.StatusConflict
	case face.TooLarge:
		return http.StatusRequestEntityTooLarge
	case face.Unsupported:
		return http.StatusUnsupportedMediaType
	case face.Unavailable, face.Cancelled:
		return http.StatusServiceUnavailable
	case face.Internal:
		return http.StatusInternalServerError
	default: // what was asked for cannot be, or the photograph is not good enough
		return http.StatusUnprocessableEntity
	}
}

// malformed is a request that cannot be read: status 400.
type malformed struct{ error }

func (m malformed) Unwrap() error { return m.error }

// failure is the body of an error.
type failure struct {
	Error     told   `json:"error"`
	RequestID string `json:"request_id"`
}

type told struct {
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Details map[string]any `json:"details,omitempty"`
}

// fail answers with an error. What is inside the program stays there.
func (s *Server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	code, what := describe(err)
	var refused *refusal
	if errors.As(err, &refused) {
		refused.headers(c.Response().Header())
	}
	if code == http.StatusServiceUnavailable {
		c.Response().Header().Set(echo.HeaderRetryAfter, "1")
	}
	var body any = failure{what, requestID(c)}
	if deepfaceRoute(c.Path()) {
		body = deepfaceFailure(code, what, requestID(c))
	}
	if err := c.JSON(code, body); err != nil {
		s.cfg.Logger.Debug("answer not sent", "id", requestID(c), "error", err)
	}
}

// describe is an error as a caller may see it.
func describe(err error) (code int, what told) {
	var ours *face.Error
	var theirs *echo.HTTPError
	var long *http.MaxBytesError
	var bad malformed
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		return refused.status, told{Code: refused.code, Message: refused.message}
	case errors.As(err, &long):
		return http.StatusRequestEntityTooLarge, told{Code: string(face.TooLarge), Message: "the request has too many bytes"}
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, told{Code: string(face.Unavailable), Message: "the request took too long: try again later, or ask for less"}
	case errors.As(err, &bad):
		return http.StatusBadRequest, told{Code: string(face.Invalid), Message: outward(err)}
	case errors.As(err, &ours) && ours.Code == face.Internal:
		return http.StatusInternalServerError, told{Code: string(face.Internal), Message: failed}
	case errors.As(err, &ours) && ours.Code == face.Unavailable && ours.Op != "":
		// What a part says of itself, such as Postgres of its users, is for the log.
		return http.StatusServiceUnavailable, told{Code: string(face.Unavailable), Message: "a part of the service does not answer: try again later; the log tells more under the request's id"}
	case errors.As(err, &ours):
		return status(ours.Code), told{Code: string(ours.Code), Message: outward(err)}
	case errors.As(err, &theirs):
		return theirs.Code, told{Code: codeOf(theirs.Code), Message: strings.ToLower(http.StatusText(theirs.Code))}
	default:
		return http.StatusInternalServerError, told{Code: string(face.Internal), Message: failed}
	}
}

// failed is all that a caller is told of a fault of ours.
const failed = "the server failed; its log tells more under the request's id"

// outward joins the messages of an error's chain and leaves out what was meant for
// the log: operations and foreign causes.
func outward(err error) string {
	var parts []string
	var e *face.Error
	for errors.As(err, &e) {
		if e.Op == "" || len(parts) == 0 {
			parts = append(parts, e.Message)
		}
		err = e.Err
		if err == nil {
			break
		}
	}
	if len(parts) == 0 {
		return err.Error()
	}
	return strings.Join(parts, ": ")
}

// codeOf names the statuses that the router gives.
func codeOf(status int) string {
	switch status {
	case http.StatusNotFound:
		return string(face.NotFound)
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	default:
		return string(face.Invalid)
	}
}
