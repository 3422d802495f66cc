package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/visagedb/visage/internal/face"
)

// use puts the guards before the routes, the outermost first.
func (s *Server) use() {
	s.echo.Use(
		middleware.RequestID(),
		s.logged,
		middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: func(_ echo.Context, err error, stack []byte) error {
			return face.Wrap(face.Internal, errors.Join(err, errors.New(string(stack))), "panic")
		}}),
		middleware.SecureWithConfig(middleware.SecureConfig{
			ContentTypeNosniff: "nosniff", XFrameOptions: "DENY", ReferrerPolicy: "no-referrer",
			ContentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
		}),
		s.plain,
		s.limited,
		s.timed,
		swept,
	)
}

// logged writes a line for each request: what was asked for and what came of it, and
// nothing that was sent.
func (s *Server) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		about := []any{
			"id", requestID(c), "method", c.Request().Method, "route", c.Path(), "status", c.Response().Status,
			"seconds", time.Since(begun).Seconds(), "bytes", c.Response().Size,
		}
		switch {
		case c.Response().Status >= http.StatusInternalServerError:
			s.cfg.Logger.Error("request failed", append(about, "error", err)...)
		case err != nil:
			s.cfg.Logger.Info("request refused", append(about, "code", face.CodeOf(err))...)
		default:
			s.cfg.Logger.Info("request", about...)
		}
		return nil
	}
}

// plain refuses compressed bodies, which could grow without end.
func (s *Server) plain(next echo.HandlerFunc) echo.HandlerFunc {
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
		r.Body = http.MaxBytesReader(c.Response(), r.Body, s.cfg.MaxBody)
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
	return func(c echo.Context) error {
		err := next(c)
		if form := c.Request().MultipartForm; form != nil {
			err = errors.Join(err, form.RemoveAll())
		}
		return err
	}
}

func requestID(c echo.Context) string { return c.Response().Header().Get(echo.HeaderXRequestID) }
