package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/search"
)

const (
	// headerTimeout bounds how long a client may take to send its headers.
	headerTimeout = 5 * time.Second
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
	rules    map[string]rule // by method and path
	keyring  *keyring
	meter    *meter
	origins  *http.CrossOriginProtection
	// inference and searching are where requests wait for models and searches.
	inference, searching *gate
	underWay             atomic.Int64
	places               *share // of the requests under way
	readiness            readiness
	draining             atomic.Bool
	running              *operations
	description          description
}

// New makes a Server. It returns Invalid, naming the field, for a Config that lacks
// something.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, echo: echo.New(), keyring: newKeyring(cfg.Keys, cfg.Logger), meter: newMeter(cfg.Rate, cfg.Burst),
		inference: newGate("infer", cfg.MaxInferences, cfg.MaxWaiting, cfg.MaxWait),
		searching: newGate("search", cfg.MaxSearches, cfg.MaxWaiting, cfg.MaxWait),
		places:    newShare(cfg.MaxRequests / 2), origins: http.NewCrossOriginProtection(), running: newOperations(),
	}
	for _, origin := range cfg.Origins {
		if err := s.origins.AddTrustedOrigin(origin); err != nil {
			return nil, face.Errorf(face.Invalid, "httpapi: Config.Origins: %q is no origin, such as https://example.org", origin)
		}
	}
	s.cfg.Store, s.cfg.Models = bounded{cfg.Store, cfg.Gallery, s}, inTurns{cfg.Models, s}
	if cfg.Analyzer != nil {
		s.cfg.Analyzer = analyzerInTurns{cfg.Analyzer, s}
	}
	var err error
	if s.searcher, err = search.NewSearcher(search.Config{Gallery: s.cfg.Store}); err != nil {
		return nil, err
	}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = s.fail
	s.use()
	routes := s.routes()
	s.description = newDescription(routes)
	s.serve(routes)
	return s, nil
}

// Handler is all routes behind all guards.
func (s *Server) Handler() http.Handler { return s.echo }

// Load is how much a Server has to do.
type Load struct {
	UnderWay                   int // requests
	Inferring, WaitingToInfer  int // of them
	Searching, WaitingToSearch int // of them
}

// Load says how much there is to do now.
func (s *Server) Load() Load {
	return Load{
		UnderWay: int(s.underWay.Load()), Inferring: len(s.inference.inside), WaitingToInfer: len(s.inference.waiting),
		Searching: len(s.searching.inside), WaitingToSearch: len(s.searching.waiting),
	}
}

// serve makes routes known. One that comes to echo by another way has no rule, and
// is closed.
func (s *Server) serve(routes []route) {
	s.rules = map[string]rule{}
	for _, r := range routes {
		s.echo.Add(r.method, r.path, s.placed(r))
		s.rules[r.method+" "+r.path] = r.rule
	}
	for _, r := range s.echo.Routes() {
		if _, ruled := s.rules[r.Method+" "+r.Path]; !ruled {
			s.rules[r.Method+" "+r.Path] = rule{}
		}
	}
}

// Serve answers requests on the listener, which it closes, until ctx ends. Then
// /readyz says so, for as long as Config.DrainDelay new requests are answered still,
// and those under way are finished, for some 25 s at most.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s.echo, ReadHeaderTimeout: headerTimeout, ReadTimeout: s.cfg.BodyTimeout, IdleTimeout: idleTimeout,
		WriteTimeout: s.cfg.BodyTimeout + s.cfg.Timeout, MaxHeaderBytes: headerLimit,
		ErrorLog: slog.NewLogLogger(s.cfg.Logger.Handler(), slog.LevelDebug),
	}
	defer s.running.stop()
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	s.draining.Store(true)
	select { // whoever sends requests here has to hear of it first
	case err := <-served:
		return err
	case <-time.After(s.cfg.DrainDelay):
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
