package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/visagedb/visage/internal/face"
)

// statusGone is what the log and the metrics call a request whose caller has left;
// nothing is sent. It is nginx's number, as HTTP has none.
const statusGone = 499

// traced makes a span of each request, within the one that the caller names by
// traceparent (W3C Trace Context).
func (s *Server) traced(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := s.cfg.Tracer.Start(ctx, r.Method+" "+c.Path(), trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
			attribute.String("http.request.method", r.Method), attribute.String("http.route", c.Path()),
			attribute.String("visage.request_id", requestID(c))))
		defer span.End()
		c.SetRequest(r.WithContext(ctx))
		err := next(c)
		span.SetAttributes(attribute.Int("http.response.status_code", c.Response().Status))
		if c.Response().Status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		return err
	}
}

// logged answers with the error, if there is one, counts the request and writes a
// line on it: what was asked for and what came of it, and nothing that was sent.
func (s *Server) logged(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun, arrived := time.Now(), c.Request()
		err := next(c)
		switch {
		case err != nil && gone(arrived):
			c.Response().Status = statusGone
		case err != nil:
			c.Error(err)
		}
		took := time.Since(begun)
		s.cfg.Metrics.Served(methodName(arrived.Method), c.Path(), c.Response().Status, took)
		s.write(c, arrived, err, took)
		return nil
	}
}

// methodName is a method as metrics name it: callers cannot make up more of them.
func methodName(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "other"
	}
}

// write writes a request's line.
func (s *Server) write(c echo.Context, arrived *http.Request, err error, took time.Duration) {
	about := []any{
		"id", requestID(c), "method", methodName(arrived.Method), "route", c.Path(), "status", c.Response().Status,
		"seconds", took.Seconds(), "bytes", c.Response().Size,
	}
	if key := callerOf(c.Request().Context()).key.ID; key != "" {
		about = append(about, "key", key)
	}
	if span := trace.SpanContextFromContext(arrived.Context()); span.IsSampled() {
		about = append(about, "trace", span.TraceID().String())
	}
	level, line := slog.LevelInfo, "request"
	switch { // an error that comes after the answer was begun changes no status
	case c.Response().Status == statusGone:
		line = "caller gone"
	case c.Response().Status >= http.StatusInternalServerError, err != nil && codeSent(err) == string(face.Internal):
		level, line = slog.LevelError, "request failed"
		if err != nil {
			about = append(about, "error", err)
		}
	case err != nil:
		line = "request refused"
		about = append(about, "code", codeSent(err))
	}
	s.cfg.Logger.Log(arrived.Context(), level, line, about...)
}

// codeSent is the code that an error was answered with.
func codeSent(err error) string {
	_, what := describe(err)
	return what.Code
}
