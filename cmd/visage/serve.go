package main

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/photo"
	"github.com/visagedb/visage/internal/postgres"
)

// serving is what the command was told.
type serving struct {
	address string
	most    int
	urls    bool
	roots   []string
	photos  int
	crops   bool
}

func serveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Answer over HTTP", Args: cobra.NoArgs,
		Long: `Serve answers DeepFace's routes (/represent, /verify, ...) over HTTP, as its clients
expect them, until it is interrupted. Requests under way are then finished.`,
		Example: `  visage serve
  visage serve --addr 127.0.0.1:0 --model SFace`,
	}
	m, s := modelFlags(cmd), &serving{}
	flags := cmd.Flags()
	flags.StringVar(&s.address, "addr", "127.0.0.1:8080", "where to listen; port 0 is a free one")
	flags.IntVar(&s.most, "open-models", 3, "how many other models than its own stay open at once for requests that name them")
	flags.BoolVar(&s.urls, "allow-urls", false, "let callers name photographs by URL; only public addresses are reached")
	flags.StringArrayVar(&s.roots, "ingest-root", nil, "let callers queue ingests of folders below this one; may be given several times")
	flags.IntVar(&s.photos, "photos-per-call", 32, "how many photographs one call may bring")
	flags.BoolVar(&s.crops, "keep-crops", false, "keep a picture of each face that is enrolled below /v1")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if s.photos < 1 {
			return misuse{fmt.Errorf("serve: --photos-per-call %d: use 1 or more", s.photos)}
		}
		if s.most < 0 {
			return misuse{fmt.Errorf("serve: --open-models %d: use 0 or more", s.most)}
		}
		return a.withDatabase(cmd.Context(), func(db *postgres.DB) error { return a.serve(cmd.Context(), db, *m, s) })
	}
	return cmd
}

func (a *app) serve(ctx context.Context, db *postgres.DB, m embed.Config, s *serving) (err error) {
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
	models, err := newLender(m, s.most, store.Entries(), a.log, a.openEmbedder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.Close()) }()
	builder := newBuilder(ctx, db, a.log)
	defer builder.Close()
	resources, err := a.resources(db, models, s)
	if err != nil {
		return err
	}
	server, err := httpapi.New(httpapi.Config{Store: db, Models: models, Photos: sentPhotos{photos}, Builder: builder, Resources: resources, MaxPhotos: s.photos, Logger: a.log})
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.address)
	if err != nil {
		return fmt.Errorf("serve: listen at %s: %w", s.address, err)
	}
	a.log.Info("serving", "url", "http://"+listener.Addr().String())
	return server.Serve(ctx, listener)
}
