package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/visagedb/visage/internal/face"
)

// use puts the guards before the routes, the outermost first.
func (s *Server) use() {
	s.echo.Use(
		identified, s.traced, s.logged, recovered,
		middleware.SecureWithConfig(middleware.SecureConfig{
			ContentTypeNosniff: "nosniff", XFrameOptions: "DENY", ReferrerPolicy: "no-referrer",
			ContentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
		}),
		unstored,
	)
	if len(s.cfg.Origins) > 0 {
		s.echo.Use(middleware.CORSWithConfig(middleware.CORSConfig{
			AllowOrigins: s.cfg.Origins, MaxAge: int(corsAge.Seconds()),
			AllowHeaders:  []string{echo.HeaderAuthorization, echo.HeaderContentType, "X-Api-Key", "Idempotency-Key", echo.HeaderXRequestID},
			ExposeHeaders: []string{echo.HeaderXRequestID, echo.HeaderRetryAfter, positionHeader, idempotencyReplayed},
		}))
	}
	s.echo.Use(s.ownPages, s.admitted, s.roomy, plain, s.limited, s.timed, swept)
}

// corsAge is how long a browser may remember what origins are allowed.
const corsAge = time.Hour

// longestID is how many bytes of a request's id of the caller's own are taken over.
const longestID = 64

// identified gives a request its id: the caller's, where it is one that a log and a
// header can hold, or a new one.
func identified(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !harmless(id) {
			id = uuid.NewString()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func harmless(id string) bool {
	for _, r := range id {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_' && r != '.' {
			return false
		}
	}
	return id != "" && len(id) <= longestID
}

// recovered makes an error of a panic, with the stack for the log.
func recovered(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch cause := recover(); cause {
			case nil:
			case http.ErrAbortHandler: // the handler wants the connection cut
				panic(cause)
			default:
				err = &face.Error{Code: face.Internal, Op: "httpapi", Message: "panic", Err: fmt.Errorf("%v\n%s", cause, debug.Stack())}
			}
		}()
		return next(c)
	}
}

// unstored keeps answers, which are about people, out of the caches on their way, and
// out of the pages of other origins, which may ask for pictures without a script.
func unstored(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		c.Response().Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		return next(c)
	}
}

// ownPages refuses what web pages of other origins make a browser send. Reading is
// refused too, but of open routes: a page could show the picture of a face, and tell
// by whether it loads what there is.
func (s *Server) ownPages(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		asked := c.Request()
		if rule := s.rules[asked.Method+" "+c.Path()]; rule.scope != open {
			asked = asked.Clone(asked.Context())
			asked.Method = http.MethodPost // the check lets pass what only reads
		}
		if err := s.origins.Check(asked); err != nil {
			return forbidden("web pages of other origins are not answered: the operator may allow them by --cors-origin")
		}
		return next(c)
	}
}

// roomy sheds requests beyond the limit of those under way, and beyond half of it those
// of one key.
func (s *Server) roomy(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		if callerOf(ctx).rule.scope == "" {
			return next(c) // an open route, which costs nothing, or nothing at all
		}
		giveBack, err := s.places.take(ctx)
		if err != nil {
			return err
		}
		defer giveBack()
		defer s.underWay.Add(-1)
		if s.underWay.Add(1) > int64(s.cfg.MaxRequests) {
			return busy("too many requests are under way: try again later", time.Second)
		}
		return next(c)
	}
}

// plain refuses compressed bodies, which could grow without end.
func plain(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if encoding := c.Request().Header.Get(echo.HeaderContentEncoding); encoding != "" && encoding != "identity" {
			return face.Errorf(face.Unsupported, "the body is compressed: send it plain")
		}
		return next(c)
	}
}

// limited lets a handler read no more of a body than the limit.
func (s *Server) limited(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > s.cfg.MaxBody {
			return s.tooLong()
		}
		// The reader closes the connection of who sends more; it knows only net/http's own writer.
		r.Body = http.MaxBytesReader(c.Response().Writer, r.Body, s.cfg.MaxBody)
		return next(c)
	}
}

func (s *Server) tooLong() error {
	return face.Errorf(face.TooLarge, "the request has more than %d bytes", s.cfg.MaxBody)
}

// timed ends the work on a request after a while.
func (s *Server) timed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), s.cfg.Timeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}

// swept removes the files of a form. The HTTP server does so for the request that it
// made, but s.timed has put another in its place.
func swept(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() { // also where a handler panics
			if form := c.Request().MultipartForm; form != nil {
				err = errors.Join(err, form.RemoveAll())
			}
		}()
		return next(c)
	}
}

// gone says whether the caller has left, which ends the context of a request as it
// came, before anything was set to it.
func gone(arrived *http.Request) bool { return errors.Is(arrived.Context().Err(), context.Canceled) }

func requestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }
