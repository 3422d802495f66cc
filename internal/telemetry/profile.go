package telemetry

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
)

// ServeProfiles serves Go's profiles at /debug/pprof/ of a loopback address, such as
// "127.0.0.1:6060", until the Server is closed. Profiles show the memory of a process
// that has people's faces in it: an address that other machines reach is an error.
// An address without a host is 127.0.0.1.
func ServeProfiles(ctx context.Context, address string) (*Server, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("address of profiles %q: give a host and a port, such as 127.0.0.1:6060: %w", address, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	at, err := net.ResolveTCPAddr("tcp", net.JoinHostPort(host, port))
	switch {
	case err != nil:
		return nil, fmt.Errorf("address of profiles %q: %w", address, err)
	case !at.IP.IsLoopback():
		return nil, fmt.Errorf("address of profiles %q: only this machine may see them, such as at 127.0.0.1:6060", address)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return serveAt(ctx, at.String(), "/debug/pprof/", mux)
}
