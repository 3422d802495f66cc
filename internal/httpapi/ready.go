package httpapi

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

const (
	// readyAge is how long what a check found is relied on, so that nobody can make
	// the service do nothing but check itself.
	readyAge = 2 * time.Second
	// readyLimit bounds a check of all parts.
	readyLimit = 10 * time.Second
)

// Check tries a part of the service.
type Check struct {
	// Name is what /readyz calls the part.
	Name string
	// Try uses it in earnest. Its error is for the log alone.
	Try func(ctx context.Context) error
}

// readiness remembers what the checks found.
type readiness struct {
	mu    sync.Mutex // held while checking: who asks meanwhile has the same answer
	until time.Time
	parts map[string]string
	ok    bool
}

// alive answers GET /healthz: the process serves.
func (s *Server) alive(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "alive"})
}

// ready answers GET /readyz: whether requests can be answered, and which part cannot.
func (s *Server) ready(c echo.Context) error {
	if s.draining.Load() {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "ending"})
	}
	ok, parts := s.checked(c.Request().Context())
	if !ok {
		return c.JSON(http.StatusServiceUnavailable, map[string]any{"status": "not ready", "parts": parts})
	}
	return c.JSON(http.StatusOK, map[string]any{"status": "ready", "parts": parts})
}

// checked tries all parts, unless that was done just now. Who asked may leave
// meanwhile; others wait for the answer.
func (s *Server) checked(ctx context.Context) (ok bool, parts map[string]string) {
	r := &s.readiness
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().Before(r.until) {
		return r.ok, r.parts
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyLimit)
	defer cancel()
	r.ok, r.parts = true, map[string]string{}
	for _, check := range s.cfg.Checks {
		r.parts[check.Name] = "ok"
		if err := check.Try(ctx); err != nil {
			r.ok, r.parts[check.Name] = false, "failed"
			s.cfg.Logger.Warn("not ready", "part", check.Name, "error", err)
		}
	}
	r.until = time.Now().Add(readyAge)
	return r.ok, r.parts
}
