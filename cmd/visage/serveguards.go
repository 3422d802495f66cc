package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/pflag"

	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/telemetry"
)

// guarding is what the command was told of who may send how much, and of how it is
// watched.
type guarding struct {
	auth      string
	insecure  bool
	metrics   *string
	profiles  string
	maxPixels int64
	limits    httpapi.Config // the limits alone
}

// defaultRate is how many requests a second a caller may send: more than a busy door
// has, less than somebody who tries faces in bulk.
const defaultRate = 200

func (g *guarding) declare(flags *pflag.FlagSet) {
	l := &g.limits
	flags.StringVar(&g.auth, "auth", string(httpapi.AuthOnceThereAreKeys), `who needs a key (visage key create): "keys" is everybody; "auto" is everybody once a key was made, and on loopback addresses alone`)
	flags.BoolVar(&g.insecure, "insecure-no-auth", false, "ask nobody for a key, wherever the service listens: everybody who reaches it may do everything")
	flags.StringSliceVar(&l.Origins, "cors-origin", nil, "origin whose web pages may send requests, such as https://example.org; may be given several times; default none")
	flags.Float64Var(&l.Rate, "rate", defaultRate, "requests a second of each key, or each address without one; 0 is any number")
	flags.IntVar(&l.Burst, "burst", 0, "requests at once of each; default twice --rate")
	flags.IntVar(&l.MaxRequests, "max-requests", 1024, "requests under way at once; further ones are answered 429")
	flags.IntVar(&l.MaxInferences, "max-inferences", 0, "requests that use the models at once; default four for each processor, at least 8")
	flags.IntVar(&l.MaxSearches, "max-searches", 64, "searches at once")
	flags.IntVar(&l.MaxWaiting, "max-waiting", 256, "requests that wait for the models, and as many for a search; further ones are answered 429")
	flags.DurationVar(&l.MaxWait, "max-wait", 10*time.Second, "how long they wait")
	flags.Int64Var(&l.MaxBody, "max-body", 64<<20, "bytes of a request")
	flags.Int64Var(&g.maxPixels, "max-pixels", 100_000_000, "pixels of a photograph, which is not decoded where it claims more")
	flags.IntVar(&l.MaxFaces, "max-faces", 1000, "faces of a photograph that are looked at, those with the largest boxes")
	flags.DurationVar(&l.BodyTimeout, "body-timeout", time.Minute, "how long a client may take to send a request")
	flags.DurationVar(&l.Timeout, "timeout", time.Minute, "how long the work on a request may take")
	flags.DurationVar(&l.DrainDelay, "drain-delay", 0, "told to stop, how long to answer new requests while /readyz says that no more should come; use 5s behind a load balancer")
	g.metrics = metricsFlag(flags)
	flags.StringVar(&g.profiles, "pprof", "", "serve Go's profiles at this loopback address, such as 127.0.0.1:6060")
}

// authOf is who is asked for a key, at an address. It is a misuse to listen where
// other machines reach, without keys and without saying so.
func (g *guarding) authOf(address string) (httpapi.Auth, *net.TCPAddr, error) {
	at, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return "", nil, misuse{fmt.Errorf("serve: --addr %s: %w", address, err)}
	}
	auth := httpapi.Auth(g.auth)
	switch {
	case auth != httpapi.AuthKeys && auth != httpapi.AuthOnceThereAreKeys:
		return "", nil, misuse{fmt.Errorf("serve: --auth %q: use keys or auto", g.auth)}
	case g.insecure && auth == httpapi.AuthKeys:
		return "", nil, misuse{errors.New("serve: --auth keys and --insecure-no-auth exclude each other")}
	case g.insecure:
		return httpapi.AuthNobody, at, nil
	case auth == httpapi.AuthOnceThereAreKeys && !at.IP.IsLoopback():
		return "", nil, misuse{fmt.Errorf("serve: other machines reach %s, and this service knows faces: say --auth keys, and make keys with visage key create; or say --insecure-no-auth, if everybody who reaches it may do everything", address)}
	default:
		return auth, at, nil
	}
}

// config joins what the command was told into a Config.
func (g *guarding) config(to httpapi.Config, auth httpapi.Auth) httpapi.Config {
	l := g.limits
	to.Auth, to.Origins, to.Rate, to.Burst = auth, l.Origins, l.Rate, l.Burst
	to.MaxRequests, to.MaxInferences, to.MaxSearches, to.MaxWaiting, to.MaxWait = l.MaxRequests, l.MaxInferences, l.MaxSearches, l.MaxWaiting, l.MaxWait
	to.MaxBody, to.MaxFaces, to.BodyTimeout, to.Timeout, to.DrainDelay = l.MaxBody, l.MaxFaces, l.BodyTimeout, l.Timeout, l.DrainDelay
	return to
}

// gauges has metrics tell how busy the service and its connections are.
func gauges(m *telemetry.Service, server *httpapi.Server, db *postgres.DB) {
	load := func(of func(httpapi.Load) int) func() float64 {
		return func() float64 { return float64(of(server.Load())) }
	}
	m.Gauge("visage_http_requests_under_way", "Requests under way.", load(func(l httpapi.Load) int { return l.UnderWay }))
	m.Gauge("visage_http_inferring", "Requests that use the models.", load(func(l httpapi.Load) int { return l.Inferring }))
	m.Gauge("visage_http_inference_queue", "Requests that wait for the models.", load(func(l httpapi.Load) int { return l.WaitingToInfer }))
	m.Gauge("visage_http_searching", "Searches under way.", load(func(l httpapi.Load) int { return l.Searching }))
	m.Gauge("visage_http_search_queue", "Searches that wait for their turn.", load(func(l httpapi.Load) int { return l.WaitingToSearch }))
	m.Gauge("visage_db_connections_max", "Connections to the database that there may be.", func() float64 { return float64(db.Pool().Most) })
	m.Gauge("visage_db_connections_open", "Connections to the database that there are.", func() float64 { return float64(db.Pool().Open) })
	m.Gauge("visage_db_connections_used", "Connections to the database in use.", func() float64 { return float64(db.Pool().Used) })
	m.Counter("visage_db_waits_total", "How often somebody waited for a connection to the database.", func() float64 { return float64(db.Pool().Waits) })
	m.Counter("visage_db_wait_seconds_total", "How long all have waited for connections to the database.", func() float64 { return db.Pool().WaitTime })
}

// watchAt serves metrics and profiles where the command was told to, and nothing
// where it was not. The caller closes what it gives.
func (a *app) watchAt(ctx context.Context, g *guarding, m *telemetry.Service) (stop func() error, err error) {
	var servers []*telemetry.Server
	stop = func() error {
		var errs []error
		for _, s := range servers {
			errs = append(errs, s.Close())
		}
		return errors.Join(errs...)
	}
	for _, at := range []struct {
		what, address string
		serve         func(context.Context, string) (*telemetry.Server, error)
	}{{"metrics", *g.metrics, m.Serve}, {"profiles", g.profiles, telemetry.ServeProfiles}} {
		if at.address == "" {
			continue
		}
		s, err := at.serve(ctx, at.address)
		if err != nil {
			return nil, errors.Join(err, stop())
		}
		a.log.Info("serving "+at.what, "url", s.URL())
		servers = append(servers, s)
	}
	return stop, nil
}
