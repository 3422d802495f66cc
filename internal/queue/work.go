package queue

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/visagedb/visage/ingest"
	"github.com/visagedb/visage/internal/face"
)

// WorkStore is the database of a worker.
type WorkStore interface {
	Store
	// Backlogs returns the queues with jobs that are not at an end.
	Backlogs(ctx context.Context) ([]face.Backlog, error)
	// KeepJobs says that a worker still is at its jobs.
	KeepJobs(ctx context.Context, worker string) error
	// FreeJobs gives back the jobs of workers that have been silent for so long,
	// and returns how many there were.
	FreeJobs(ctx context.Context, silence time.Duration) (int, error)
}

// Runner does jobs. Its methods are called by one goroutine at a time.
type Runner interface {
	// Ready returns nil where the task can be done here, and otherwise why not.
	Ready(ctx context.Context, task Task) error
	// Run ingests a piece of a task for which it was ready.
	Run(ctx context.Context, task Task, piece ingest.Piece) (ingest.Report, error)
}

// Config says how a worker works.
type Config struct {
	// Store is the database. Required.
	Store WorkStore
	// Runner does the jobs. Required.
	Runner Runner
	// Logger is told of each job. Defaults to silence.
	Logger *slog.Logger
	// UntilEmpty ends the work when no job is left. Defaults to false: it goes on
	// until its context ends.
	UntilEmpty bool
	// Done is called after each job, by one goroutine at a time. Defaults to
	// nothing.
	Done func(Outcome)
	// Lease is how long a worker may be silent before its jobs are given back. All
	// workers of a database should have the same. Defaults to 45 s.
	Lease time.Duration
	// Look is how often a worker without work looks for some. Of a task that the
	// Runner is not ready for it asks again after 15 such looks. Defaults to 2 s,
	// which makes half a minute of those.
	Look time.Duration
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Done == nil {
		c.Done = func(Outcome) {}
	}
	if c.Lease == 0 {
		c.Lease = 45 * time.Second
	}
	if c.Look == 0 {
		c.Look = 2 * time.Second
	}
	return c
}

// Result says what became of a job at a worker.
type Result string

// The results.
const (
	Finished  Result = "done"       // to its end
	Fails     Result = "failed"     // is tried again, or has failed
	GivenBack Result = "given_back" // the worker was told to stop, or is not ready for it any more
	CutShort  Result = "cancelled"  // somebody cancelled it
)

// Outcome is what a worker did of a job.
type Outcome struct {
	ID     int64
	Result Result
	Report ingest.Report // of what was committed, also where it did not come to its end
	Err    error         // nil where it did
}

// Work takes jobs and does them, one at a time, until ctx ends; then it gives the
// one that it is at back, after what is finished of it is committed, and returns
// nil. A database that goes away is waited for.
//
// With UntilEmpty it returns nil when no job is left, Unavailable where those that
// are left are none for this worker, and where the database stays away.
func Work(ctx context.Context, cfg Config) error {
	w := &worker{cfg: cfg.withDefaults(), id: workerID(), verdicts: map[string]verdict{}}
	keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
	var kept sync.WaitGroup
	kept.Go(func() { w.keep(keeping) })
	defer kept.Wait()
	defer stop()
	return w.work(ctx)
}

// workerID is a name that no two workers share and people can find the process by.
func workerID() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	const longest = 60 // River takes 127 bytes in all
	return fmt.Sprintf("%s-%d-%s", face.Readable(host[:min(len(host), longest)]), os.Getpid(), uuid.NewString()[:8])
}

// worker is a Work under way.
type worker struct {
	cfg Config
	id  string

	mu       sync.Mutex
	verdicts map[string]verdict // by queue
	busy     bool               // a job is being done
	last     time.Time          // when one last was
}

// verdict is whether the Runner is ready for the task of a queue.
type verdict struct {
	why   error     // nil where it is
	until time.Time // when to ask again, where it is not
}

// work goes from round to round.
func (w *worker) work(ctx context.Context) error {
	heard := time.Now()
	for ctx.Err() == nil {
		served, left, err := w.round(ctx)
		switch {
		case ctx.Err() != nil:
			continue
		case err == nil && w.cfg.UntilEmpty && !served && !left.able:
			return left.why
		case err == nil:
			heard = time.Now()
		case w.cfg.UntilEmpty && time.Since(heard) > w.cfg.Lease:
			return err
		default:
			w.cfg.Logger.Warn("looking for jobs", "error", err)
		}
		if !served {
			w.pause(ctx)
		}
	}
	return nil
}

// round serves a queue, if there is one that can be, and says what is left.
func (w *worker) round(ctx context.Context) (served bool, left rest, err error) {
	backlogs, err := w.cfg.Store.Backlogs(ctx)
	if err != nil {
		return false, rest{}, err
	}
	next, left := w.choose(ctx, backlogs)
	if next == "" {
		return false, left, nil
	}
	err = w.serve(ctx, next)
	return err == nil, left, err
}

func (w *worker) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(w.cfg.Look):
	}
}

// rest is what there is beside jobs to take.
type rest struct {
	able bool  // others are at jobs that may come back to this worker
	why  error // jobs are left that are none for it
}

// choose picks the queue to serve: the first with a job to take, else the first
// with one that is to be tried again, which River makes one to take for those who
// serve its queue.
func (w *worker) choose(ctx context.Context, backlogs []face.Backlog) (queue string, left rest) {
	later, refused := "", 0
	for _, b := range backlogs {
		why := w.ready(ctx, b)
		switch {
		case why != nil:
			refused += b.Ready + b.Later + b.Running
			left.why = why
		case b.Ready > 0:
			return b.Queue, rest{}
		case b.Later > 0 && later == "":
			later = b.Queue
		default:
			left.able = true
		}
	}
	if left.why != nil {
		left.why = face.Wrap(face.Unavailable, left.why, "queue: jobs left to other workers: %d", refused)
	}
	return later, left
}

// ready asks the Runner about the task of a queue, unless it has lately.
func (w *worker) ready(ctx context.Context, of face.Backlog) error {
	w.mu.Lock()
	known, asked := w.verdicts[of.Queue]
	w.mu.Unlock()
	if asked && known.why == nil || w.refused(of.Queue) {
		return known.why
	}
	job, err := readArgs(of.Job)
	if err == nil {
		err = w.cfg.Runner.Ready(ctx, job.Task)
	}
	if ctx.Err() == nil {
		w.judge(of.Queue, err)
	}
	return err
}

// judge remembers whether the task of a queue can be done, and says so where it
// cannot.
func (w *worker) judge(queue string, why error) {
	const looks = 15
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.verdicts[queue].why
	w.verdicts[queue] = verdict{why: why, until: time.Now().Add(looks * w.cfg.Look)}
	if why != nil && (before == nil || before.Error() != why.Error()) {
		w.cfg.Logger.Warn("leaving jobs to other workers", "queue", queue, "error", why)
	}
}

// refused says whether the task of a queue is known to be one that cannot be done,
// and not to be asked about again yet.
func (w *worker) refused(queue string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.verdicts[queue]
	return known.why != nil && time.Now().Before(known.until)
}

// keep says that the worker is alive, and gives the jobs of those back that are
// not any more.
func (w *worker) keep(ctx context.Context) {
	tick := time.NewTicker(w.cfg.Lease / 4)
	defer tick.Stop()
	for {
		err := w.cfg.Store.KeepJobs(ctx, w.id)
		if err == nil {
			var freed int
			if freed, err = w.cfg.Store.FreeJobs(ctx, w.cfg.Lease); freed > 0 {
				w.cfg.Logger.Warn("took jobs from workers that fell silent", "jobs", freed, "for", w.cfg.Lease)
			}
		}
		if err != nil && ctx.Err() == nil {
			w.cfg.Logger.Debug("keeping jobs", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
