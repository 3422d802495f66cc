package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/visagedb/visage/internal/face"
)

// Run ingests a folder as cfg says. The report tells what was done, also where
// an error is returned with it.
//
// It returns Invalid for a configuration that cannot be, NotFound or Unreadable
// where the root cannot be listed, Unavailable where the ledger is away at the
// start or later stays away for longer than cfg.RetryFor, Cancelled, which wraps
// ctx's own error, where ctx ends first, and otherwise what the ledger or the
// embedder returned. No error is returned for photographs that were rejected.
func Run(ctx context.Context, cfg Config, e Embedder, l Ledger) (Report, error) {
	started := time.Now()
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return newReport(cfg), err
	}
	chosen, err := newSieve(cfg.Include, cfg.Exclude)
	if err != nil {
		return newReport(cfg), err
	}
	from, err := openSource(cfg, chosen)
	if err != nil {
		return newReport(cfg), err
	}
	defer from.close() // nothing was written
	cfg.Root = from.base()
	known := newPlan(cfg, l)
	known.sieve = chosen
	line := &line{cfg: cfg, from: from, embedder: e, plan: known, writer: &writer{cfg: cfg, ledger: l}}
	for _, in := range cfg.each() {
		report := newReport(in)
		line.writer.reports = append(line.writer.reports, &report)
		line.twins = append(line.twins, newTwins(in, l, from.lacks))
	}
	err = line.run(ctx)
	if err != nil && ctx.Err() != nil {
		err = cancelled(ctx.Err(), err)
	}
	return line.writer.finish(time.Since(started)), err
}

// cancelled tells that a run ended because its context did, and with what.
func cancelled(why, last error) error {
	if !errors.Is(last, why) {
		last = fmt.Errorf("%w; meanwhile: %w", why, last)
	}
	return face.Wrap(face.Cancelled, last,
		"ingest: stopped before the end; what was committed stands, run the same again to go on")
}

// line is a run at work.
type line struct {
	cfg      Config
	from     source
	embedder Embedder
	plan     *plan
	twins    []*twins // of each space
	writer   *writer
}

func (n *line) run(ctx context.Context) error {
	blind, err := n.pipeline(ctx)
	if err != nil || n.cfg.partial() {
		return err
	}
	gone, err := n.plan.vanished(ctx, n.from, blind)
	if err != nil {
		return err
	}
	return n.writer.prune(ctx, slices.DeleteFunc(gone, func(path string) bool {
		return slices.ContainsFunc(n.twins, func(t *twins) bool { return t.movedAway(path) })
	}))
}

// pipeline runs lister, planner, workers and writer until the source is done
// with or one of them fails. It returns the paths behind which there may be
// more.
func (n *line) pipeline(ctx context.Context) (map[string]bool, error) {
	working, stop := context.WithCancel(ctx)
	defer stop()
	group, working := errgroup.WithContext(working)
	chunks := make(chan []photo)
	tasks := make(chan task, n.cfg.Workers)
	outcomes := make(chan []outcome, n.cfg.BatchSize)

	var chunk []photo
	held := 0
	list := n.from.lister(
		func(found photo) {
			n.writer.found.Add(1)
			n.plan.see(found.path)
			chunk = append(chunk, found)
			if found.held != nil {
				held += len(found.held.data)
			}
			if len(chunk) == chunkSize || held > maxHeld {
				send(working, chunks, chunk)
				chunk, held = nil, 0
			}
		},
		func(path string, why *face.Error) {
			n.writer.found.Add(1)
			n.plan.see(path)
			outcomes <- refusals(len(n.twins), path, why)
		})
	group.Go(func() error {
		defer close(chunks)
		defer n.writer.walked.Store(true)
		err := list.walk(working)
		if len(chunk) > 0 {
			send(working, chunks, chunk)
		}
		return err
	})
	group.Go(func() error { return n.plan.sort(working, chunks, tasks, outcomes) })
	for range n.cfg.Workers {
		worker := &worker{cfg: n.cfg, each: n.plan.each, from: n.from, embedder: n.embedder, twins: n.twins}
		group.Go(func() error { return worker.work(working, tasks, outcomes) })
	}
	ended := make(chan error, 1)
	go func() {
		ended <- group.Wait()
		close(outcomes)
	}()
	failed := n.writer.drain(ctx, outcomes, stop)
	if worked := <-ended; failed == nil {
		failed = worked
	}
	saw := list.sum()
	report := n.writer.reports[0]
	report.Hidden, report.Excluded, report.Folders = saw.hidden, saw.excluded, saw.skipped
	for _, folder := range saw.skipped {
		n.cfg.Rejected(folder)
	}
	return saw.blind, failed
}

// sort takes what is found, hands what is settled to the writer and the rest to
// the workers.
func (p *plan) sort(ctx context.Context, chunks <-chan []photo, tasks chan<- task, outcomes chan<- []outcome) error {
	defer close(tasks)
	for chunk := range chunks {
		planned, err := p.tasks(ctx, chunk)
		if err != nil {
			return err
		}
		for _, t := range planned {
			if same := p.unchanged(t); same != nil {
				outcomes <- same
			} else {
				send(ctx, tasks, t)
			}
		}
	}
	return nil
}

// work handles tasks until there are no more. The writer takes outcomes until
// the last worker has ended, so that none that is finished is lost.
func (w *worker) work(ctx context.Context, tasks <-chan task, outcomes chan<- []outcome) error {
	for t := range tasks {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		o, err := w.handle(ctx, t)
		if err != nil {
			return err
		}
		outcomes <- o
	}
	return nil
}

// send hands over something unless ctx has ended, in which case the walk ends
// too.
func send[T any](ctx context.Context, to chan<- T, what T) {
	select {
	case to <- what:
	case <-ctx.Done():
	}
}
