package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

const (
	// headerLimit bounds how long a scraper may take to ask.
	headerLimit = 5 * time.Second
	// closeLimit bounds how long scrapes under way are waited for in the end.
	closeLimit = 2 * time.Second
)

// Server serves Metrics, or profiles, over HTTP.
type Server struct {
	http   *http.Server
	at     net.Addr
	path   string
	served chan error
}

// Serve serves the metrics at /metrics of an address, such as "127.0.0.1:9464",
// until the Server is closed. An address without a host, such as ":9464", is this
// machine's own 127.0.0.1: who wants others to see the counts has to say so. Port 0
// is a free one.
func (m *Metrics) Serve(ctx context.Context, address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("metrics address %q: give a host and a port, such as 127.0.0.1:9464: %w", address, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", m.Handler())
	s, err := serveAt(ctx, net.JoinHostPort(host, port), "/metrics", mux)
	if err != nil {
		return nil, fmt.Errorf("serve metrics at %s: %w", address, err)
	}
	return s, nil
}

// serveAt serves what is below a path of an address.
func serveAt(ctx context.Context, address, path string, handler http.Handler) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{
		http: &http.Server{Handler: handler, ReadHeaderTimeout: headerLimit},
		at:   listener.Addr(), path: path, served: make(chan error, 1),
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// URL is where they are.
func (s *Server) URL() string { return "http://" + s.at.String() + s.path }

// Close ends the serving, after scrapes under way. It is not to be called twice.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
