package ingest

import (
	"context"
	"errors"
	"fmt"
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
	from, err := openTree(cfg.Root)
	if err != nil {
		return newReport(cfg), err
	}
	defer from.close() // nothing was written
	cfg.Root = from.path
	report := newReport(cfg)
	err = run(ctx, cfg, from, e, l, &report)
	report.finish(time.Since(started))
	if err != nil && ctx.Err() != nil {
		err = cancelled(ctx.Err(), err)
	}
	return report, err
}

// cancelled tells that a run ended because its context did, and with what.
func cancelled(why, last error) error {
	if !errors.Is(last, why) {
		last = fmt.Errorf("%w; meanwhile: %w", why, last)
	}
	return face.Wrap(face.Cancelled, last,
		"ingest: stopped before the end; what was committed stands, run the same again to go on")
}

func run(ctx context.Context, cfg Config, from *tree, e Embedder, l Ledger, report *Report) error {
	entries, err := l.Ledger(ctx, cfg.Gallery, cfg.Space, cfg.Root)
	if err != nil {
		return err
	}
	known := &plan{entries: entries, cfg: cfg}
	w := &writer{cfg: cfg, ledger: l, report: report}
	blind, err := pipeline(ctx, cfg, from, e, known, w)
	if err != nil {
		return err
	}
	return w.prune(ctx, known.missing(blind))
}

// pipeline runs walker, workers and writer until the folder is done with or
// one of them fails. It returns the paths behind which there may be more.
func pipeline(ctx context.Context, cfg Config, from *tree, e Embedder, known *plan, w *writer) (map[string]bool, error) {
	working, stop := context.WithCancel(ctx)
	defer stop()
	group, working := errgroup.WithContext(working)
	tasks := make(chan task, cfg.Workers)
	outcomes := make(chan outcome, cfg.BatchSize)

	walk := newWalker(from,
		func(found photo) {
			w.found.Add(1)
			if t, settled := known.settled(found); settled {
				outcomes <- outcome{verdict: unchanged, enrolment: face.Enrolment{Image: t.entry.Image}}
			} else {
				send(working, tasks, t)
			}
		},
		func(path string, why *face.Error) {
			w.found.Add(1)
			known.seen(path)
			outcomes <- refusal(path, why)
		})
	group.Go(func() error {
		defer close(tasks)
		defer w.walked.Store(true)
		return walk.walk(working)
	})
	for range cfg.Workers {
		worker := &worker{cfg: cfg, from: from, embedder: e}
		group.Go(func() error { return worker.work(working, tasks, outcomes) })
	}
	ended := make(chan error, 1)
	go func() {
		ended <- group.Wait()
		close(outcomes)
	}()
	failed := w.drain(ctx, outcomes, stop)
	if worked := <-ended; failed == nil {
		failed = worked
	}
	w.report.Hidden, w.report.Folders = walk.hidden, walk.skipped
	for _, folder := range walk.skipped {
		cfg.Rejected(folder)
	}
	return walk.blind, failed
}

// work handles tasks until there are no more. The writer takes outcomes until
// the last worker has ended, so that none that is finished is lost.
func (w *worker) work(ctx context.Context, tasks <-chan task, outcomes chan<- outcome) error {
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

// send hands over a task unless ctx has ended, in which case the walk ends too.
func send(ctx context.Context, tasks chan<- task, t task) {
	select {
	case tasks <- t:
	case <-ctx.Done():
	}
}
