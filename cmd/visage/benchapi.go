package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/visagedb/visage/embed"
	"github.com/visagedb/visage/internal/bench"
	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/photo"
	"github.com/visagedb/visage/internal/postgres"
	"github.com/visagedb/visage/search"
)

// apiBench is what the command was told.
type apiBench struct {
	searchBench
	photos string
}

func benchAPI(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "api", Short: "Measure the HTTP service beside what it serves", Args: cobra.NoArgs,
		Long: `Serves on loopback, in this process, and measures in turn, in requests per second,
  api.search     searches for templates of the gallery, by embedding, ten candidates
                 each, beside the same searches without HTTP (with --space)
  api.represent  templates of photographs, beside the embedder alone (with --photos)
.clients8 is added to the name for eight requests at a time. Then, in milliseconds,
  .load70   the 99th of 100 requests beside the 50th, when they come independently of
            each other, 70 for every 100 that were served
  .crowd    the 99th of 100 requests, one at a time, while 2,000 connections say nothing
            and 100 are slow to send a request, beside the same without them`,
		Example: "  visage bench api --gallery million --space synthetic-native-248a7a18\n" +
			"  visage bench api --photos people --detector yunet --model SFace",
	}
	m, b, asJSON := modelFlags(cmd), &apiBench{}, jsonFlag(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&b.gallery, "gallery", face.DefaultGallery, "gallery to search")
	flags.StringVar(&b.space, "space", "", "space to search, see visage index list; default no searches")
	flags.StringVar(&b.photos, "photos", "", "folder of photographs, each with a face; default no templates")
	flags.IntSliceVar(&b.clients, "clients", []int{1, 8}, "how many requests at a time")
	flags.IntVar(&b.rounds, "rounds", 5, "how often each is measured")
	flags.Float64Var(&b.seconds, "seconds", 5, "and for how long")
	flags.IntVar(&b.probes, "probes", 100, "templates to search for")
	flags.Float64Var(&b.minRecall, "min-recall", face.DefaultMinRecall, "recall that searches are asked for")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := b.check(); err != nil {
			return misuse{fmt.Errorf("bench api: %w", err)}
		}
		var results []bench.Result
		err := a.withDatabase(cmd.Context(), func(db *postgres.DB) (err error) {
			results, err = a.benchAPI(cmd.Context(), db, *m, b)
			return err
		})
		if err != nil {
			return err
		}
		return a.printBench(results, *asJSON)
	}
	return cmd
}

func (b *apiBench) check() error {
	if b.space == "" && b.photos == "" {
		return errors.New("name a space, by --space, or a folder, by --photos, or both")
	}
	with := b.searchBench
	if with.space == "" {
		with.space = "none"
	}
	return with.check()
}

// benchAPI serves, and measures all that it was told to.
func (a *app) benchAPI(ctx context.Context, db *postgres.DB, m embed.Config, b *apiBench) (results []bench.Result, err error) {
	store, err := a.store()
	if err != nil {
		return nil, err
	}
	models, err := newLender(m, 0, store.Entries(), a.log, a.openEmbedder)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, models.Close()) }()
	url, stop, err := a.serveBench(ctx, db, models)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	t := &apiTrial{apiBench: b, url: url, length: time.Duration(b.seconds * float64(time.Second))}
	if b.space != "" {
		if err := t.searches(ctx, a, db); err != nil {
			return nil, err
		}
	}
	if b.photos != "" {
		if err := t.represents(ctx, models); err != nil {
			return nil, err
		}
	}
	for _, clients := range b.clients {
		fmt.Fprintf(a.errOut, "measuring %d requests at a time\n", clients)
		measured, err := t.run(ctx, clients)
		if err != nil {
			return nil, err
		}
		results = append(results, measured...)
	}
	fmt.Fprintln(a.errOut, "measuring at 70 % of the load and in a crowd")
	for _, w := range t.ways {
		for _, measure := range []func(context.Context, *way) (bench.Result, error){t.paced, t.crowded} {
			measured, err := measure(ctx, w)
			if err != nil {
				return nil, err
			}
			results = append(results, measured)
		}
	}
	return results, nil
}

// serveBench serves on a port of this machine. The caller ends it by stop.
func (a *app) serveBench(ctx context.Context, db *postgres.DB, models *lender) (url string, stop func() error, err error) {
	photos, err := photo.New(photo.Config{Kinds: []photo.Kind{photo.Inline}})
	if err != nil {
		return "", nil, err
	}
	store, err := a.store()
	if err != nil {
		return "", nil, err
	}
	jobs, err := newIntake(a, db, models, nil)
	if err != nil {
		return "", nil, err
	}
	server, err := httpapi.New(httpapi.Config{Store: db, Models: models, Photos: sentPhotos{photos}, Resources: resourcesOf(db, store, jobs)})
	if err != nil {
		return "", nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("bench api: listen: %w", err)
	}
	serving, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(serving, listener) }()
	return "http://" + listener.Addr().String(), func() error { end(); return <-ended }, nil
}

// searches has the trial search the gallery by embedding.
func (t *apiTrial) searches(ctx context.Context, a *app, db *postgres.DB) error {
	space, err := db.Space(ctx, t.space)
	if err != nil {
		return err
	}
	s := &searchTrial{searchBench: &t.searchBench, db: db}
	s.query = face.Query{Gallery: t.gallery, Space: space, Metric: face.Cosine, Limit: search.DefaultK, MinRecall: t.minRecall}
	if s.probes, err = db.Sample(ctx, t.gallery, space, t.probes, probeSeed); err != nil {
		return err
	}
	if len(s.probes) == 0 {
		return face.Errorf(face.NotFound, "gallery %q has no templates in space %s: there is nothing to search for", t.gallery, t.space)
	}
	if s.threshold, err = a.knownThreshold(space, face.Cosine); err != nil {
		return err
	}
	sent, err := t.searchRequests(s)
	if err != nil {
		return err
	}
	alone := s.find(db, search.FindOptions{})
	t.ways = append(t.ways, &way{
		name: "api.search", against: "the same searches without HTTP", served: t.post(sent),
		alone: func(ctx context.Context, n int) error { return alone(ctx, s.probes[n%len(s.probes)]) },
		notes: fmt.Sprintf("%d probes", len(s.probes)),
	})
	return nil
}

// represents has the trial make templates of photographs.
func (t *apiTrial) represents(ctx context.Context, models *lender) error {
	photos, err := readPhotos(t.photos)
	if err != nil {
		return err
	}
	sent := make([]posted, len(photos))
	for i, p := range photos {
		if sent[i], err = representRequest(p.data); err != nil {
			return err
		}
	}
	t.ways = append(t.ways, &way{
		name: "api.represent", against: "the embedder alone, as many at a time", served: t.post(sent),
		alone: func(ctx context.Context, n int) error {
			e, giveBack, err := models.Lend(ctx, httpapi.Choice{})
			if err != nil {
				return err
			}
			defer giveBack()
			_, err = e.Faces(ctx, slices.Clone(photos[n%len(photos)].data), httpapi.Wanted{})
			return err
		},
		notes: fmt.Sprintf("%d photographs", len(photos)),
	})
	return ctx.Err()
}
