package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/photo"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/internal/telemetry"
	"github.com/visagedb/visage/search"
)

// serving is what the command was told.
type serving struct {
	address string
	most    int
	urls    bool
	roots   []string
	photos  int
	crops   bool
	guards  guarding
	auth    httpapi.Auth
	recall  *time.Duration // how often to look after that of the indexes
	memory  residence
}

func serveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Answer over HTTP", Args: cobra.NoArgs,
		Long: `Serve answers DeepFace's routes (/represent, /verify, ...) over HTTP, as its clients
expect them, until it is interrupted. Requests under way are then finished.

It listens on this machine alone. To let other machines reach it, make a key with
visage key create, and say --auth keys. docs/security.md tells what is promised.`,
		Example: `  visage serve
  visage serve --addr 127.0.0.1:0 --model SFace
  visage serve --addr 0.0.0.0:8080 --auth keys --drain-delay 5s`,
	}
	m, s := modelFlags(cmd), &serving{}
	flags := cmd.Flags()
	flags.StringVar(&s.address, "addr", "127.0.0.1:8080", "where to listen; port 0 is a free one")
	flags.IntVar(&s.most, "open-models", 3, "how many other models than its own stay open at once for requests that name them")
	flags.BoolVar(&s.urls, "allow-urls", false, "let callers name photographs by URL; only public addresses are reached")
	flags.StringArrayVar(&s.roots, "ingest-root", nil, "let callers queue ingests of folders below this one; may be given several times")
	flags.IntVar(&s.photos, "photos-per-call", 32, "how many photographs one call may bring")
	flags.BoolVar(&s.crops, "keep-crops", false, "keep a picture of each face that is enrolled below /v1")
	livenessFlag(flags, &m.Liveness)
	s.recall = watchFlag(flags)
	s.memory.flags(flags)
	s.guards.declare(flags)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if s.photos < 1 {
			return misuse{fmt.Errorf("serve: --photos-per-call %d: use 1 or more", s.photos)}
		}
		if s.most < 0 {
			return misuse{fmt.Errorf("serve: --open-models %d: use 0 or more", s.most)}
		}
		if _, err := s.memory.limit(); err != nil {
			return err
		}
		auth, at, err := s.guards.authOf(s.address)
		if err != nil {
			return err
		}
		s.auth, s.address, m.MaxPixels = auth, at.String(), s.guards.maxPixels
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error {
			metrics := telemetry.NewService()
			return a.withResident(cmd.Context(), db, s.memory, metrics.Metrics, *s.recall, func(ctx context.Context, gallery search.Gallery) error {
				return a.serve(ctx, db, gallery, metrics, *m, s)
			})
		})
	}
	return cmd
}

func (a *app) serve(ctx context.Context, db *postgres.DB, gallery search.Gallery, metrics *telemetry.Service, m embed.Config, s *serving) (err error) {
	kinds := []photo.Kind{photo.Inline}
	if s.urls {
		kinds = append(kinds, photo.URL)
	}
	photos, err := photo.New(photo.Config{Kinds: kinds})
	if err != nil {
		return err
	}
	store, err := a.store()
	if err != nil {
		return err
	}
	m.Observer = metrics
	models, err := a.openLender(m, s.most, store)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.Close()) }()
	builder := newBuilder(ctx, db, a.log)
	defer builder.Close()
	jobs, err := newIntake(a, db, models, s.roots)
	if err != nil {
		return err
	}
	resources := resourcesOf(db, store, jobs)
	if s.crops {
		resources.Crops = cutter{models}
	}
	tries, err := checks(db, models)
	if err != nil {
		return err
	}
	traces, err := telemetry.OpenTraces(ctx, version, a.log)
	if err != nil {
		return err
	}
	defer a.lastTraces(ctx, traces)
	var position func(context.Context) (face.Position, error)
	if s.memory.mode != residentOff {
		position = db.CurrentPosition
	}
	server, err := httpapi.New(s.guards.config(httpapi.Config{
		Store: db, Gallery: gallery, Position: position, Models: models, Analyzer: analyzer{models}, Photos: sentPhotos{photos}, Builder: builder,
		Resources: resources, MaxPhotos: s.photos, Logger: a.log, Keys: db, Checks: tries, Metrics: metrics, Tracer: traces.Tracer,
	}, s.auth))
	if err != nil {
		return err
	}
	gauges(metrics, server, db)
	return a.withTidying(ctx, db, jobs, func() error { return a.listen(ctx, db, server, metrics, s) })
}

// listen has the server answer until ctx ends.
func (a *app) listen(ctx context.Context, db *postgres.DB, server *httpapi.Server, metrics *telemetry.Service, s *serving) (err error) {
	stop, err := a.watchAt(ctx, &s.guards, metrics)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("serve: listen at %s: %w", s.address, err)
	}
	if err := a.warnOfAuth(ctx, db, s.auth); err != nil {
		return errors.Join(err, listener.Close())
	}
	a.log.Info("serving", "url", "http://"+listener.Addr().String())
	return a.withRecallWatched(ctx, db, metrics.Metrics, *s.recall, func() error { return server.Serve(ctx, listener) })
}

// warnOfAuth says what an operator may not expect of who is let in.
func (a *app) warnOfAuth(ctx context.Context, db *postgres.DB, auth httpapi.Auth) error {
	switch any, err := db.AnyKey(ctx); {
	case err != nil:
		return err
	case auth == httpapi.AuthNobody:
		a.log.Warn("nobody is asked for a key: everybody who reaches the service may do everything")
	case !any && auth == httpapi.AuthKeys:
		a.log.Warn("there is no key yet, so that nobody can get in: make one with visage key create")
	case !any:
		a.log.Info("there is no key: programs of this machine are let in without one, until the first is made with visage key create")
	}
	return nil
}

// tracesWait bounds how long the last traces may take to be sent.
const tracesWait = 5 * time.Second

// lastTraces sends what is left. A collector that is away is no fault of the service.
func (a *app) lastTraces(ctx context.Context, traces *telemetry.Traces) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesWait)
	defer cancel()
	if err := traces.Close(ctx); err != nil {
		a.log.Warn("the last traces are not sent", "error", err)
	}
}
