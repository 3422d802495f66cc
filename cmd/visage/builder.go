package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/visagedb/visage/internal/face"
	"github.com/visagedb/visage/internal/httpapi"
	"github.com/visagedb/visage/internal/postgres"
)

// builder builds indexes for requests. A build outlives its request, because it may
// take hours; requests for what is being built wait for that build.
type builder struct {
	build func(ctx context.Context, space face.Space, metric face.Metric) error
	log   *slog.Logger
	stop  context.CancelFunc
	life  context.Context //nolint:containedctx // of the builds, which outlive their requests

	mu      sync.Mutex
	running map[building]*build
	all     sync.WaitGroup
}

// building is what a build is of.
type building struct {
	space  face.Space
	metric face.Metric
}

// build is one under way.
type build struct {
	ended chan struct{} // closed once err is there
	err   error
}

// newBuilder makes a builder. The caller closes it.
func newBuilder(ctx context.Context, db *postgres.DB, log *slog.Logger) *builder {
	b := &builder{log: log, running: map[building]*build{}}
	b.life, b.stop = context.WithCancel(context.WithoutCancel(ctx))
	b.build = func(ctx context.Context, space face.Space, metric face.Metric) error {
		_, err := db.BuildIndex(ctx, space, postgres.IndexSettings{Metric: metric}, func(postgres.IndexProgress) {})
		return err
	}
	return b
}

// BuildIndex is httpapi.Builder'.
func (b *builder) BuildIndex(ctx context.Context, space face.Space, metric face.Metric) error {
	one := b.begin(building{space, metric})
	select {
	case <-one.ended:
		return one.err
	case <-ctx.Done():
		return face.Errorf(face.Unavailable, "the index of space %s is still being built, which goes on: ask again later", space.Name())
	}
}

// begin joins a build or begins it.
func (b *builder) begin(what building) *build {
	b.mu.Lock()
	defer b.mu.Unlock()
	one, found := b.running[what]
	if found {
		return one
	}
	one = &build{ended: make(chan struct{})}
	b.running[what] = one
	b.all.Go(func() {
		one.err = b.build(b.life, what.space, what.metric)
		b.log.Info("index built", "space", what.space.Name(), "metric", what.metric, "error", one.err)
		b.mu.Lock()
		delete(b.running, what)
		b.mu.Unlock()
		close(one.ended)
	})
	return one
}

// Close cuts builds short and waits for their end. Requests must have ended.
func (b *builder) Close() {
	b.stop()
	b.all.Wait()
}

var _ httpapi.Builder = (*builder)(nil)
