package httpapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/search"
)

const (
	// headerTimeout bounds how long a client may take to send its headers.
	headerTimeout = 5 * time.Second
	// bodyTimeout bounds how long it may take to send all.
	bodyTimeout = time.Minute
	// idleTimeout is how long a connection without a request stays open.
	idleTimeout = time.Minute
	// headerLimit is how many bytes of headers are read.
	headerLimit = 32 << 10
	// drainLimit bounds how long requests under way are waited for in the end.
	drainLimit = 25 * time.Second
)

// Server answers requests. It may be used by several goroutines at once.
type Server struct {
	cfg      Config
	searcher *search.Searcher
	echo     *echo.Echo
	running  *operations
}

// New makes a Server. It returns Invalid, naming the field, for a Config that lacks
// something.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	searcher, err := search.NewSearcher(search.Config{Gallery: cfg.Store})
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, searcher: searcher, echo: echo.New(), running: newOperations()}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.fail
	s.use()
	s.route()
	return s, nil
}

// Handler is all routes behind all guards.
func (s *Server) Handler() http.Handler { return s.echo }

// route names what is served.
func (s *Server) route() {
	s.echo.GET("/healthz", s.alive)
	s.echo.POST("/represent", s.represent)
	s.echo.POST("/verify", s.verify)
	s.routeDeepFace()
	if s.cfg.Resources.Store != nil {
		v1{s}.route(s.echo.Group("/v1"))
	}
}

// Serve answers requests on the listener, which it closes, until ctx ends. Requests
// under way are then finished, for some 25 s at most.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s.echo, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		WriteTimeout: bodyTimeout + s.cfg.Timeout, MaxHeaderBytes: headerLimit,
	}
	defer s.running.stop()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainLimit)
	defer cancel()
	err := server.Shutdown(drain)
	if err != nil {
		err = errors.Join(err, server.Close())
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

func (s *Server) alive(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "alive"})
}
